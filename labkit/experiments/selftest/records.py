"""What a selftest observes: trials whose true difference is known, and pairs of pieces of work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from labkit.measure.plan import Plan
from labkit.record import Record
from labkit.recordings.kind import Table
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording

Part = Literal["overhead", "a_a"]


class SelftestPlan(Record):
    """The blocks of each part. A name may end in the words for «without meters», or for «the same
    backend once more»: see labkit/experiments/selftest/plan.py."""

    overhead: Plan
    a_a: Plan
    # Of which backends the sampler's cost is measured, in how many pairs.
    sampling: tuple[str, ...]
    pairs: int = Field(ge=1)
    seed: int


class SelftestManifest(Manifest):
    plan: SelftestPlan


class SelftestTrial(Record):
    """One start, to its stop. second: under its second name, in the A/A test. lab_cpu_s: CPU time
    of the lab's own process for all of it, which took wall_s."""

    part: Part
    trial: int
    block: int
    backend: str
    metered: bool
    second: bool
    startup_s: float | None
    created_to_ready_s: float | None
    ops_per_s: float | None
    lab_cpu_s: float
    wall_s: float


class SamplingPair(Record):
    """The same work of one instance twice, once while its meters are read: the rates, and the CPU
    time of the lab's own process during the one that was sampled, which took sampled_s."""

    backend: str
    pair: int
    sampled_first: bool
    sampled_ops_per_s: float
    unsampled_ops_per_s: float
    lab_cpu_s: float
    sampled_s: float


SelftestRecording = Recording[SelftestManifest]
TABLES: Mapping[str, Table] = {
    "trials": Table(SelftestTrial, ("part", "trial")),
    "sampling": Table(SamplingPair, ("backend", "pair")),
}
