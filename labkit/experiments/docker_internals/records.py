"""A container engine's processes, and the moments of a start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from labkit.record import Record
from labkit.recordings.kind import Table
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording

# Who has noted an event.
Source = Literal["lab", "dockerd", "containerd"]


class DockerInternalsPlan(Record):
    """trials: starts whose events are noted. killed_daemon: instead of a look into the computer's
    own Docker, a daemon is started and killed."""

    trials: int = Field(ge=0)
    killed_daemon: bool = False


class DockerInternalsManifest(Manifest):
    plan: DockerInternalsPlan


class ProcessRow(Record):
    """One process of a container engine while a container runs; parents come first.

    listens: addresses of the Unix sockets at which it waits for others.
    """

    pid: int
    parent: int
    name: str
    role: str
    depth: int
    rss_bytes: int | None
    pss_bytes: int | None
    listens: tuple[str, ...]

    @field_validator("listens", mode="before")
    @classmethod
    def _from_a_cell(cls, value: object) -> object:
        """In a table, the addresses stand in one cell, with spaces between."""
        return tuple(value.split()) if isinstance(value, str) else value


class Survivor(ProcessRow):
    """A process before the daemon is killed, and whether it is there after that, too."""

    survives: bool


class Connection(Record):
    """Connections of one process to another over a Unix socket; client is None where the asking
    end is not in the tree or could not be read."""

    client: int | None
    server: int
    address: str
    connections: int


class StartEvent(Record):
    """A moment of a container's start, as the engine or the lab has noted it; at_s counts from
    the request on the host's wall clock."""

    trial: int
    backend: str
    source: Source
    event: str
    at_s: float


DockerInternals = Recording[DockerInternalsManifest]
TABLES: Mapping[str, Table] = {
    "tree": Table(ProcessRow, ("pid",)),
    # Only of a daemon that was killed; then in the place of the tree.
    "survivors": Table(Survivor, ("pid",)),
    "connections": Table(Connection, ("client", "server", "address")),
    "events": Table(StartEvent, ("trial", "backend", "event")),
}
