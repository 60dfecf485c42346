"""Backend `docker`: a container of the lab image, through the Docker SDK.

A read-only root file system, no capabilities, no new privileges; one volume for scratch data,
which goes with the container. No network, unless a server is to be asked: then Docker's default
bridge, and one port of it on the host's loopback. Container, volume and image carry labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import ClassVar

import psutil
from docker.errors import NotFound
from docker.models.containers import Container

from labkit.backends import docker_store
from labkit.backends.base import STOP_TIMEOUT_S, Backend, Instance, Meter, Missing
from labkit.backends.containers import container_meters
from labkit.backends.docker_client import (
    DAEMON_ERRORS,
    connected,
    daemon_errors,
    explain_missing,
)
from labkit.backends.docker_containers import (
    OWNER_LABEL,
    attach,
    container_settings,
    disk_limit,
    meters_of,
    published_port,
    remove,
)
from labkit.backends.docker_stream import Demultiplexer
from labkit.channel import Channel
from labkit.image import LabImage
from labkit.process import owner, uninterrupted
from labkit.protocol import Session
from labkit.records import Engine, Limits
from labkit.timeline import Timeline

__all__ = [
    "DAEMON_ERRORS",
    "OWNER_LABEL",
    "DockerBackend",
    "DockerInstance",
    "attach",
    "connected",
    "container_settings",
    "daemon_errors",
    "meters_of",
    "remove",
]

SERVICES = ("dockerd", "containerd")


class DockerInstance(Instance):
    def __init__(
        self,
        container: Container,
        output: Demultiplexer,
        session: Session,
        timeline: Timeline,
    ) -> None:
        super().__init__(session, timeline)
        self._container = container
        self._output = output

    def meters(self) -> tuple[Meter, ...]:
        """The container's processes and its containerd-shim; none of either where the daemon
        runs elsewhere (Docker Desktop's machine), whose processes are not to be seen."""
        with daemon_errors("ask for the container's process"):
            self._container.reload()
        return container_meters(self._container.attrs["State"]["Pid"])

    def _wait_gone(self) -> None:
        with daemon_errors("wait for the container's end"), suppress(NotFound):
            self._container.wait(timeout=STOP_TIMEOUT_S)

    def _diagnosis(self) -> str:
        """What the container wrote to its standard error, and how it ended."""
        text = self._output.stderr.decode(errors="replace")
        with suppress(*DAEMON_ERRORS):
            self._container.reload()
            state = self._container.attrs["State"]
            if state.get("OOMKilled"):
                text += "\nthe kernel ended it: it used more memory than its limit"
            if state.get("Running"):
                text += "\nthe container still runs"
            else:
                text += f"\nthe container ended with exit status {state.get('ExitCode')}"
        return text


class DockerBackend(Backend):
    name = "docker"
    family = "container"
    publishes = True
    limits_disk = True
    cannot: ClassVar[Mapping[str, str]] = {
        "resumed start": "a container is only restored from a file by CRIU, which Docker has as an "
        "experiment; pause and unpause is another thing, the memory stays in use"
    }
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "network": ("none", "bridge", "host"),
        "seccomp": ("default", "unconfined"),
        "rm": ("no", "yes"),  # who removes the container: the lab, or the daemon when it ends
    }

    def leaves_out(self) -> Mapping[str, str]:
        """On the host's own network a server would listen at all addresses of this computer."""
        if self.chosen["network"] == "host":
            return {**super().leaves_out(), "http": "it would listen on all networks of this host"}
        return super().leaves_out()

    def missing(self) -> Missing | None:
        try:
            with connected(timeout=5) as client:
                client.ping()
        except DAEMON_ERRORS as error:
            return explain_missing(error)
        return None

    def version(self) -> str:
        with daemon_errors("ask for the daemon's version"), connected() as client:
            facts = client.version()
        parts = {part["Name"]: part["Version"] for part in facts.get("Components", [])}
        return ", ".join(
            [f"dockerd {facts['Version']}"]
            + [f"{n} {v}" for n, v in parts.items() if n in ("containerd", "runc")]
        )

    def engine(self, image: LabImage | None) -> Engine:
        return "native"

    def prepare(self, image: LabImage) -> None:
        """Loads the lab image into the daemon's store, unless that very image is there; those that
        it supersedes go, as far as nobody uses them."""
        with daemon_errors("load the lab image"), connected(timeout=120) as client:
            docker_store.load(client, image)

    def services(self) -> tuple[Meter, ...]:
        pids = {name: [] for name in SERVICES}  # type: dict[str, list[int]]
        for process in psutil.process_iter(["name"]):
            if process.info["name"] in pids:
                pids[process.info["name"]].append(process.pid)
        return tuple(
            Meter(name, "services", tuple(found), tree=False)
            for name, found in pids.items()
            if found
        )

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name = f"labkit-{owner()}-{int(timeline.clock.now() * 1000)}"
        with ExitStack() as stack:
            with daemon_errors("be reached"):
                client = stack.enter_context(connected())
            # By name, and noted before: an interrupt may come before `create` has answered.
            stack.callback(remove, client, name)
            with daemon_errors("start a container"):
                # Broken off, the daemon would still make the container, after our clean-up.
                with uninterrupted():
                    settings = container_settings(image, limits, name, self.chosen)
                    settings |= disk_limit(client, limits)
                    container = client.containers.create(**settings)
                timeline.mark("created")
                fd = attach(container, stack)
                container.start()
                timeline.mark("started")
            output = Demultiplexer()
            channel = Channel(fd, fd, decode=output.feed)
            session = Session(channel, timeline.clock)
            instance = DockerInstance(container, output, session, timeline)
            if limits.network and self.chosen["network"] != "host":
                instance.port = published_port(container)
            yield instance

    def sweep(self, abandoned: Callable[[str], bool]) -> list[str]:
        try:
            with connected(timeout=10) as client:
                found = client.containers.list(
                    all=True, filters={"label": OWNER_LABEL}, ignore_removed=True
                )
                left = [c for c in found if abandoned(c.labels.get(OWNER_LABEL, ""))]
                for container in left:
                    remove(client, str(container.name))
        except DAEMON_ERRORS:
            return []  # no daemon, no containers to be seen
        return [f"container {container.name}" for container in left]
