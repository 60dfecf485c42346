"""What a run of trials does."""

from __future__ import annotations

from pydantic import Field

from labkit.record import Record
from labkit.recordings.facts import Limits


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
    # Debian's, in the lab image besides those that the workloads name.
    packages: tuple[str, ...] = ()
    profile: str = "quick"
    limits: Limits = Limits()
    # Backend → how many instances are started after the blocks, one after another, to run at
    # once; a backend that cannot or would take too long is not in it.
    instances: dict[str, int] = Field(default_factory=dict)
