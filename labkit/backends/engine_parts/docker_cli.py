"""Backend `docker-cli`: the same container as `docker`, by the command `docker run`.

The command asks the daemon as the SDK does; the difference is the command itself. It stays as
long as the container runs, and passes the streams on.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from labkit.backends.base import Missing
from labkit.backends.docker import client, endpoint
from labkit.backends.docker.backend import DockerBackend
from labkit.backends.docker.containers import ALL_KEPT, OWNER_LABEL, remove
from labkit.backends.docker.inside import held_inside
from labkit.backends.docker.meters import meters_of
from labkit.backends.instance import Instance, Meter
from labkit.backends.piped import PipedInstance, instance_name, piped
from labkit.backends.timeline import Timeline
from labkit.errors import CommandError
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.host import cpu_set
from labkit.system.limits import Held
from labkit.system.owner_marks import owner, scratch_folder
from labkit.system.process import as_root, find_tool, run

CONFIGURATION = "config.json"


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
        with client.daemon_errors("be reached"), client.connected() as daemon:
            return meters_of(daemon, self._name)

    def held_inside(self) -> Held:
        return held_inside(self)


class DockerCliBackend(DockerBackend):
    name = "docker-cli"
    by_default = False
    publishes = False
    needs_scratch = True

    def missing(self) -> Missing | None:
        if find_tool("docker") is None:
            return Missing("the command docker is not installed", as_root("setup docker-cli"))
        return super().missing() or _refusal()

    def version(self) -> str:
        version = run(client.command("version", "--format", "{{.Client.Version}}")).stdout.strip()
        return f"docker {version}, {super().version()}"

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name = instance_name()
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            stack.callback(_remove, name)
            timeline.mark("created")
            argv = run_command(image, limits, name, self.chosen, self._kept)
            log = folder / "stderr.log"
            env = {"DOCKER_CONFIG": str(without_proxies(folder))}
            process = stack.enter_context(piped(argv, log, env=env))
            timeline.mark("started")
            yield DockerCliInstance(process, log, name, timeline)


def _refusal() -> Missing | None:
    """Why the command and the daemon do not understand each other; None where they do."""
    try:
        run(client.command("version", "--format", "{{.Client.Version}}"))
    except CommandError as error:
        set_by_hand = "DOCKER_API_VERSION" in os.environ
        fix = "unset DOCKER_API_VERSION" if set_by_hand else "bring the command docker up to date"
        return Missing(f"{error.brief}\n{error.details}", fix)
    return None


def run_command(
    image: LabImage,
    limits: Limits,
    name: str,
    chosen: Mapping[str, str],
    kept: Mapping[str, bool] = ALL_KEPT,
) -> list[str]:
    """`docker run` with what the backend `docker` asks the daemon for."""
    memory = f"{limits.memory_mib}m"
    unconfined = ("--security-opt", "seccomp=unconfined")
    hardened = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    return [
        *client.command("run", "--interactive", "--init=false", "--name", name),
        *("--label", f"{OWNER_LABEL}={owner()}"),
        *("--network", chosen["network"], "--volume", "/scratch"),
        *(hardened if chosen["security"] == "hardened" else ()),
        *(unconfined if chosen["seccomp"] == "unconfined" else ()),
        *(("--rm",) if chosen["rm"] == "yes" else ()),
        *(("--cpuset-cpus", ",".join(map(str, cpu_set(limits.cpus)))) if kept["CPUs"] else ()),
        *(("--memory", memory, "--memory-swap", memory) if kept["memory"] else ()),
        image.container_tag,
    ]


def without_proxies(folder: Path) -> Path:
    """The client's configuration, of whose settings only the context is needed: proxies would go
    to the container, and passwords of registries into a temporary file."""
    own = folder / "client"
    own.mkdir(0o700)
    for entry in endpoint.config_folder().glob("*"):
        if entry.name != CONFIGURATION:
            (own / entry.name).symlink_to(entry.absolute())
    chosen = json.dumps({"currentContext": endpoint.current_context()})
    (own / CONFIGURATION).write_text(chosen, encoding="utf-8")
    return own


def _remove(name: str) -> None:
    with client.daemon_errors("be reached"), client.connected() as daemon:
        remove(daemon, name)
