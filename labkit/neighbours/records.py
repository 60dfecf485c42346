"""What is written down of the noisy-neighbour experiment. data/README.md explains each column."""

from __future__ import annotations

from typing import Literal

from labkit.records import BackendInfo, Engine, Family, Host, Record

# What the neighbour takes, and the victim needs.
Kind = Literal["cpu", "memory", "disk"]
KINDS: tuple[Kind, ...] = ("cpu", "memory", "disk")
# Who is beside the victim: nobody, a neighbour that may use the same resource, or one that is
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


class Experiment(Record):
    """The manifest of such an experiment."""

    experiment_id: str
    created_at: str
    labkit_version: str
    host: Host
    image_digest: str
    seed: int
    blocks: int
    requests: int
    kinds: tuple[Kind, ...]
    backends: dict[str, BackendInfo]
    # Workload → SHA-256 of its file.
    workload_digests: dict[str, str]
    # Whether the neighbour's CPU is another one than the victim's core; None where nobody tells.
    cpus_share_core: bool | None = None
