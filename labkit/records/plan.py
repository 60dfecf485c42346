"""What a run shall do, and what it is made on."""

from __future__ import annotations

from pydantic import Field

from labkit.records.base import Engine, Family, Record, StartKind


class Limits(Record):
    """What each instance may use, the same for all backends."""

    cpus: int = Field(default=1, ge=1)
    memory_mib: int = Field(default=256, ge=64)
    # Whether an instance has a network, on which one of its ports is reached from this computer.
    network: bool = False
    # What it may write to its scratch data; without a number, as much as it can.
    disk_write_mib_per_s: int | None = Field(default=None, ge=1)


class Plan(Record):
    """What a run does: blocks of one trial of each backend, in seeded random order."""

    backends: tuple[str, ...]
    workloads: tuple[str, ...]
    # Backend → trials; a backend with fewer than others is left out of the later blocks.
    trials: dict[str, int]
    # Backend → starts before the first block, without workloads; they enter no figure.
    warmups: dict[str, int] = Field(default_factory=dict)
    # Blocks are added until the interval of each ratio is narrower than this part of the ratio,
    # or the run has taken budget_s seconds.
    until_precision: float | None = Field(default=None, gt=0, lt=10)
    budget_s: float | None = Field(default=None, gt=0)
    seconds: float = Field(gt=0, le=3600)
    seed: int = 0
    profile: str = "quick"
    limits: Limits = Limits()
    # Backend → how many instances are started after the blocks, one after another, to run at
    # once; a backend that cannot or would take too long is not in it.
    instances: dict[str, int] = Field(default_factory=dict)


class Host(Record):
    """Facts about the computer that the run was made on."""

    system: str
    kernel: str
    distribution: str
    machine: str
    cpu_model: str
    cpus: int
    memory_bytes: int
    hypervisor: bool | None
    cgroup_version: int | None
    python: str
    load_1m: float | None


class BackendInfo(Record):
    """Which program a backend used, and what executed the instance's instructions.

    cannot: what this backend leaves out (a workload, or "resumed start") → why.
    """

    family: Family
    engine: Engine
    version: str
    start: StartKind = "cold"
    cannot: dict[str, str] = Field(default_factory=dict)
