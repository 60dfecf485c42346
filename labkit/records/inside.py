"""Small tables that are no run: a container engine's processes, and the moments of a start."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from labkit.records.base import Record
from labkit.records.plan import Host


class About(Record):
    """When and on which computer something was recorded that is no run, such as a tree of
    processes. digests: file → SHA-256 of its content, so that a later change is noticed."""

    created_at: str
    labkit_version: str
    host: Host
    # Name → version, of the programs behind it.
    versions: dict[str, str]
    digests: dict[str, str]


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


class Joint(Record):
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
    source: Literal["lab", "dockerd", "containerd"]
    event: str
    at_s: float
