"""Backend `docker`: a container of the lab image, through the Docker SDK.

A read-only root file system, no capabilities, no new privileges: the lab's choice, and with the
setting security=default Docker's own instead. One volume for scratch data, which goes with the
container. No network, unless a server is to be asked: then Docker's default
bridge, and one port of it on the host's loopback. Container, volume and image carry labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import ClassVar

import docker
from docker.errors import NotFound
from docker.models.containers import Container

from labkit.backends.base import Backend, Missing
from labkit.backends.docker import client, facts, store
from labkit.backends.docker.client import (
    DAEMON_ERRORS,
    connected,
    daemon_errors,
)
from labkit.backends.docker.containers import (
    ALL_KEPT,
    OWNER_LABEL,
    container_settings,
    disk_limit,
    published_port,
    remove,
    started,
)
from labkit.backends.docker.inside import held_inside
from labkit.backends.docker.meters import meters_of
from labkit.backends.docker.place import place_of, ports_elsewhere
from labkit.backends.docker.stream import Demultiplexer
from labkit.backends.instance import STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.piped import instance_name
from labkit.backends.timeline import Timeline
from labkit.guest.protocol import Session
from labkit.image import LabImage
from labkit.recordings.facts import BackendInfo, Limits
from labkit.recordings.words import Engine
from labkit.system.limits import Held
from labkit.system.owner_marks import TEMP_PREFIX
from labkit.system.ownership import Judge

WHICH = "which {} of this computer this daemon uses is not to be seen"


class DockerInstance(Instance):
    def __init__(
        self,
        client: docker.DockerClient,
        container: Container,
        output: Demultiplexer,
        session: Session,
        timeline: Timeline,
    ) -> None:
        super().__init__(session, timeline)
        self._client = client
        self._container = container
        self._output = output

    def meters(self) -> tuple[Meter, ...]:
        return meters_of(self._client, str(self._container.name))

    def held_inside(self) -> Held:
        return held_inside(self)

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
    needs_scratch = False
    unsupported: ClassVar[Mapping[str, str]] = {
        "resumed start": "a container is only restored from a file by CRIU, which Docker has as an "
        "experiment; pause and unpause is another thing, the memory stays in use"
    }
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "network": ("none", "bridge", "host"),
        # hardened: as the lab asks for it; default: what Docker does when it is asked for nothing
        "security": ("hardened", "default"),
        "seccomp": ("default", "unconfined"),
        "rm": ("no", "yes"),  # who removes the container: the lab, or the daemon when it ends
    }

    # The version of the daemon's interface and which limits it can keep, from the preparation on:
    # to ask for them is no part of a start.
    _interface: str | None = None
    _kept: Mapping[str, bool] = ALL_KEPT

    def no_port(self) -> str:
        """On the host's own network a server would listen at all addresses of this computer; and
        what listens here at a port of another computer's is a stranger."""
        if self.chosen["network"] == "host":
            return "it would listen on all networks of this host"
        place = client.place()
        return super().no_port() or (ports_elsewhere(place.socket) if place else "")

    def missing(self) -> Missing | None:
        return client.missing()

    def version(self) -> str:
        with daemon_errors("ask for the daemon's version"), connected() as daemon:
            return facts.version_text(daemon.version())

    def engine(self, image: LabImage | None) -> Engine:
        with daemon_errors("tell its runtime"), connected() as daemon:
            return facts.engine_of(daemon.info())

    def configuration(self) -> Mapping[str, str]:
        with daemon_errors("tell its configuration"), connected() as daemon:
            return facts.configuration_of(daemon.info(), daemon.version())

    def notes(self, image: LabImage | None) -> tuple[str, ...]:
        """Which daemon it is, then the cautions."""
        return (f"daemon {client.place()}", *self.cautions())

    def cautions(self) -> tuple[str, ...]:
        with daemon_errors("tell what it is"), connected(timeout=10) as daemon:
            return facts.cautions(daemon)

    def info(self, image: LabImage) -> BackendInfo:
        return super().info(image).model_copy(update={"daemon": str(client.place())})

    def prepare(self, image: LabImage) -> None:
        """Loads the lab image into the daemon's store, unless that very image is there; those that
        it supersedes go, as far as nobody uses them."""
        with daemon_errors("load the lab image"), connected(timeout=120) as daemon:
            store.load(daemon, image)
            self._learn(daemon)

    def _learn(self, daemon: docker.DockerClient) -> None:
        self._interface = daemon.api.api_version
        self._kept = facts.limits_kept(daemon.info())

    def services(self) -> tuple[Meter, ...]:
        """The processes of the very daemon that is asked: other ones may run beside it."""
        with daemon_errors("tell where it runs"), connected() as daemon:
            place = place_of(daemon)
        if not place.processes:
            return (Meter("daemon", "services", why=place.why),)
        return tuple(
            Meter(name, "services", pids, tree=False, why="" if pids else WHICH.format(name))
            for name, pids in place.processes.items()
        )

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name = instance_name()
        with ExitStack() as stack:
            with daemon_errors("be reached"):
                daemon = stack.enter_context(connected(version=self._interface))
            with daemon_errors("start a container"):
                settings = container_settings(image, limits, name, self.chosen, self._kept)
                settings |= disk_limit(daemon, limits)
            running = stack.enter_context(started(daemon, timeline, settings))
            session = Session(running.channel, timeline.clock)
            instance = DockerInstance(daemon, running.container, running.output, session, timeline)
            if limits.network and self.chosen["network"] != "host":
                instance.port = published_port(running.container)
            yield instance

    def sweep(self, judge: Judge) -> list[str]:
        try:
            with connected(timeout=10) as daemon:
                containers = daemon.containers.list(
                    all=True, filters={"label": OWNER_LABEL}, ignore_removed=True
                )
                left = [c for c in containers if _is_left(c, judge)]
                for container in left:
                    remove(daemon, str(container.name))
                with suppress(*DAEMON_ERRORS):  # what has been removed is told all the same
                    for kind in store.all_kinds(daemon):
                        store.drop_claims(daemon, judge, kind)
        except DAEMON_ERRORS:
            return []  # no daemon, no containers to be seen
        return [f"container {container.name}" for container in left]


def _is_left(container: Container, judge: Judge) -> bool:
    """By a name of the lab's, too: a container that a user has made of an image of the lab's has
    that image's label."""
    name, mark = str(container.name), container.labels[OWNER_LABEL]
    if not (name.startswith(TEMP_PREFIX) and mark in name):
        return False
    by_hand = client.command("rm", "--force", "--volumes", name)
    return judge.takes(mark, f"container {name}", by_hand)
