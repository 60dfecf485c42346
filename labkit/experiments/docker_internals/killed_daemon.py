"""What outlives a Docker daemon that is killed: on a daemon of the lab's own, never on the
computer's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from labkit.backends.docker.backend import DockerBackend
from labkit.backends.docker.own_daemon import END_S, OwnDaemon
from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.experiments.docker_internals import processes
from labkit.experiments.docker_internals.records import Connection, Survivor
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.kind import Rows
from labkit.system.clock import HostClock, wait_until
from labkit.system.owner_marks import runs

# A new daemon takes over the containers that it finds, and does not end them (dockerd(8)).
KEEP = "--live-restore"


@dataclass(frozen=True)
class Aftermath:
    """The processes before the daemon was killed, whether each was there afterwards, and who asked
    whom before. The daemon has begun once more."""

    survivors: Sequence[Survivor]
    connections: Sequence[Connection]

    def rows(self) -> Rows:
        return {"survivors": self.survivors, "connections": self.connections}


@contextmanager
def killed(image: LabImage, *, mark: str | None = None) -> Iterator[Aftermath]:
    """Starts a daemon and a container, kills the daemon, looks who is left, and has the daemon
    begin once more, so that it can end the container in order: it does so, and is gone, with the
    end of the context. `mark`: see OwnDaemon."""
    with OwnDaemon(KEEP, mark=mark) as own:
        backend = DockerBackend()
        backend.prepare(image)
        with backend.launch(image, Limits(), Timeline(HostClock())) as instance:
            instance.wait_ready()
            aftermath = _look(own, instance)
            _begin_again(own, aftermath)
            yield aftermath


def _look(own: OwnDaemon, instance: Instance) -> Aftermath:
    containerd = _containerd(own.process)
    names = processes.roles(instance) | {own.process.pid: "dockerd", containerd.pid: "containerd"}
    before = processes.process_tree(names)
    connections = processes.connections(before)
    known = [psutil.Process(row.pid) for row in before]
    own.kill([own.process])
    # It goes with its parent, a moment later: it has asked the kernel for that (PR_SET_PDEATHSIG).
    wait_until(lambda: not runs(containerd), timeout=END_S)
    survivors = processes.survival(before, {process.pid for process in known if runs(process)})
    return Aftermath(
        [_without(str(own.folder), row) for row in survivors],
        [
            row.model_copy(update={"address": row.address.replace(str(own.folder), "")})
            for row in connections
        ],
    )


def _without(folder: str, row: Survivor) -> Survivor:
    """The daemon's folder has a name that says nothing."""
    listens = tuple(address.replace(folder, "") for address in row.listens)
    return row.model_copy(update={"listens": listens})


def _containerd(dockerd: psutil.Process) -> psutil.Process:
    for child in dockerd.children():
        if child.name() == "containerd":
            return child
    raise BackendError("the Docker daemon of the lab's own has started no containerd")


def _begin_again(own: OwnDaemon, aftermath: Aftermath) -> None:
    """In the mount namespace that the shim has kept: the container's mounts are there."""
    shim = next(row.parent for row in aftermath.survivors if row.role == "container")
    own.start(("nsenter", f"--mount=/proc/{shim}/ns/mnt", f"--net=/proc/{shim}/ns/net"))
