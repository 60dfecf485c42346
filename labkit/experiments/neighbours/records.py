"""What is written down of the noisy-neighbour experiment. data/README.md explains each column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from labkit.record import Record
from labkit.recordings.kind import Table
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording
from labkit.recordings.words import Engine, Family

# What the neighbour takes, and the victim needs.
Kind = Literal["cpu", "memory", "disk"]
KINDS: tuple[Kind, ...] = ("cpu", "memory", "disk")
# What runs with the victim: nothing, a neighbour that may use the same resource, or one that is
# held back.
Condition = Literal["alone", "unlimited", "limited"]
CONDITIONS: tuple[Condition, ...] = ("alone", "unlimited", "limited")


class NeighbourTrial(Record):
    """What the victim's server did under one condition, and what the neighbour did meanwhile.

    amount: operations of the workload that one request asks for. Percentiles and the slowest are
    of the answered requests; a percentile is None where there are too few of them.
    """

    trial: int
    block: int
    backend: str
    family: Family
    engine: Engine
    kind: Kind
    condition: Condition
    status: Literal["ok", "failed", "left out"]
    amount: int | None = None
    requests: int | None = None
    errors: int | None = None
    seconds: float | None = None
    requests_per_s: float | None = None
    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    slowest_s: float | None = None
    victim_cpu: int | None = None
    neighbour_cpu: int | None = None
    neighbour_memory_mib: int | None = None
    neighbour_disk_mib_per_s: int | None = None
    neighbour_mib: float | None = None
    neighbour_refused: int | None = None
    neighbour_seconds: float | None = None
    load_1m: float | None = None
    error: str | None = None


class NeighboursPlan(Record):
    """A checked plan."""

    backends: tuple[str, ...]
    kinds: tuple[Kind, ...]
    blocks: int
    requests: int
    seed: int


class NeighboursManifest(Manifest):
    """Whether the neighbour's CPU is in the victim's core; None where nobody tells."""

    plan: NeighboursPlan
    cpus_share_core: bool | None = None


TABLES: Mapping[str, Table] = {"trials": Table(NeighbourTrial, ("trial",))}
Neighbours = Recording[NeighboursManifest]
