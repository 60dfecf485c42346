"""What is written down of many instances that start. data/README.md explains each column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from labkit.record import Record
from labkit.recordings.facts import Limits
from labkit.recordings.kind import Table
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording
from labkit.recordings.words import Engine, Family

# Each instance is requested when the one before is ready; or all are at the same instant.
Way = Literal["one by one", "together"]
WAYS: tuple[Way, ...] = ("one by one", "together")


class Start(Record):
    """One instance of a group, from its request until it was ready. One by one, those after one
    that has failed are never requested, and have no row."""

    block: int
    backend: str
    level: int
    way: Way
    instance: int
    requested_s: float
    startup_s: float | None = None
    error: str | None = None


class Group(Record):
    """So many instances of one backend, started in one way and ended again. `left out`: not
    started, because the computer has no room for them."""

    block: int
    backend: str
    family: Family
    engine: Engine
    level: int
    way: Way
    status: Literal["ok", "failed", "left out"]
    all_ready_s: float | None = None
    memory_bytes: int | None = None
    memory_why: str | None = None
    host_available_drop_bytes: int | None = None
    cpu_s: float | None = None
    error: str | None = None


class DensityPlan(Record):
    """A checked plan. backends: all that were named; which of them cannot run several instances,
    `measure` finds out."""

    backends: tuple[str, ...]
    most: int
    repeats: int
    seed: int
    limits: Limits = Limits()


class DensityManifest(Manifest):
    plan: DensityPlan


KEY = ("block", "backend", "level", "way")
TABLES: Mapping[str, Table] = {
    "starts": Table(Start, (*KEY, "instance")),
    "groups": Table(Group, KEY),
}
Density = Recording[DensityManifest]
