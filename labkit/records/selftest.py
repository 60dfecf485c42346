"""What a selftest has found about the lab itself."""

from __future__ import annotations

from typing import Literal

from labkit.records.base import Record
from labkit.records.plan import Host


class Estimate(Record):
    """A median with its 95 % interval, of n values."""

    n: int
    median: float | None = None
    low: float | None = None
    high: float | None = None


class Floor(Record):
    """The startup of the smallest possible process: what the lab adds to any startup."""

    stream: Literal["pipe", "socket"]
    spawn_to_line_s: Estimate


class NullTrials(Record):
    """Trials of one backend that start, get ready and stop. The lab's own costs in them."""

    backend: str
    startup_s: Estimate
    sampler_adds_s: Estimate
    lab_cpu_s: Estimate
    lab_cpu_share: Estimate


class Replays(Record):
    """Replays of `blocks` blocks: how many of their intervals said that there is a difference,
    and how many of them may, by the binomial distribution."""

    blocks: int
    replays: int
    alarms: int
    least: int
    most: int


class SameTwice(Record):
    """One backend under two names. false_alarms: where no difference is, by construction;
    found: where one of `effect` was put in."""

    backend: str
    quantity: Literal["startup", "cpu"]
    ratio: Estimate
    sign_test_p: float
    false_alarms: tuple[Replays, ...]
    effect: float
    found: Replays


class SamplerCost(Record):
    """What sampling takes from the host, and from the workload `cpu`."""

    backend: str
    cpu_share: Estimate
    throughput_ratio: Estimate


class Selftest(Record):
    """The last selftest on the same computer: how far the lab itself is in its figures."""

    created_at: str
    labkit_version: str
    host: Host
    seed: int
    floor: tuple[Floor, ...]
    null_trials: tuple[NullTrials, ...]
    same_twice: tuple[SameTwice, ...]
    sampler: tuple[SamplerCost, ...]
    # What is out of its bounds, in words; nothing where all is well.
    violations: tuple[str, ...]
