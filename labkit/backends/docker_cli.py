"""Backend `docker-cli`: the same container as `docker`, by the command `docker run`.

The command asks the daemon as the SDK does; the difference is the command itself. It stays as
long as the container runs, and passes the streams on.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from labkit.backends.base import Instance, Meter, Missing
from labkit.backends.docker import (
    OWNER_LABEL,
    DockerBackend,
    connected,
    meters_of,
    remove,
)
from labkit.backends.piped import PipedInstance, instance_name, piped
from labkit.host import cpu_set
from labkit.image import LabImage
from labkit.process import as_root, find_tool, owner, run, scratch_folder
from labkit.records import Limits
from labkit.timeline import Timeline


class DockerCliInstance(PipedInstance):
    """The command is the child; the container is known once the daemon has made it."""

    def __init__(
        self, process: subprocess.Popen[bytes], log: Path, name: str, timeline: Timeline
    ) -> None:
        super().__init__(process, log, timeline)
        self._name = name

    def meters(self) -> tuple[Meter, ...]:
        return (Meter("docker", "helper", (self._process.pid,), tree=False),)

    def late_meters(self) -> tuple[Meter, ...]:
        return meters_of(self._name)


class DockerCliBackend(DockerBackend):
    name = "docker-cli"
    by_default = False
    publishes = False

    def missing(self) -> Missing | None:
        if find_tool("docker") is None:
            return Missing("the command docker is not installed", as_root("setup docker-cli"))
        return super().missing()

    def version(self) -> str:
        said = run(["docker", "version", "--format", "{{.Client.Version}}"]).stdout.strip()
        return f"docker {said}, {super().version()}"

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name = instance_name()
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            stack.callback(_remove, name)
            timeline.mark("created")
            argv = run_command(image, limits, name, self.chosen)
            log = folder / "stderr.log"
            process = stack.enter_context(piped(argv, log))
            timeline.mark("started")
            yield DockerCliInstance(process, log, name, timeline)


def run_command(image: LabImage, limits: Limits, name: str, chosen: Mapping[str, str]) -> list[str]:
    """`docker run` with what the backend `docker` asks the daemon for."""
    memory = f"{limits.memory_mib}m"
    unconfined = ("--security-opt", "seccomp=unconfined")
    return [
        *("docker", "run", "--interactive", "--name", name),
        *("--label", f"{OWNER_LABEL}={owner()}"),
        *("--network", chosen["network"], "--read-only", "--cap-drop", "ALL"),
        *("--security-opt", "no-new-privileges", "--volume", "/scratch"),
        *(unconfined if chosen["seccomp"] == "unconfined" else ()),
        *(("--rm",) if chosen["rm"] == "yes" else ()),
        *("--cpuset-cpus", ",".join(map(str, cpu_set(limits.cpus)))),
        *("--memory", memory, "--memory-swap", memory),
        image.container_tag,
    ]


def _remove(name: str) -> None:
    with connected() as client:
        remove(client, name)
