"""A run: its manifest, and its tables in the order of a trial's life."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from labkit.measure.plan import Plan
from labkit.measure.records import (
    InstanceReading,
    Milestone,
    ProgramMetric,
    Report,
    Requests,
    Result,
    Sample,
    Trial,
)
from labkit.recordings.kind import Table
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording


class RunManifest(Manifest):
    """The manifest of a run."""

    plan: Plan


Run = Recording[RunManifest]
KERNEL = "kernel of the lab image"  # among a run's versions
T = TypeVar("T")


@dataclass(frozen=True)
class Examined(Recording[RunManifest]):
    """A run for its text and its page, which are made of the same figures: those are kept here.
    Its tables must not change."""

    kept: dict[Callable[[Run], Any], Any] = field(default_factory=dict, init=False, compare=False)


def examined(run: Run) -> Examined:
    if isinstance(run, Examined):
        return run
    return Examined(run.path, run.manifest, run.tables, run.ending, run.left_out)


def once(compute: Callable[[Run], T]) -> Callable[[Run], T]:
    """What is computed of a run; of an examined one, once. Its readers must not change it."""

    @wraps(compute)
    def found(run: Run) -> T:
        if not isinstance(run, Examined):
            return compute(run)
        if compute not in run.kept:
            run.kept[compute] = compute(run)
        kept: T = run.kept[compute]
        return kept

    return found


TABLES: Mapping[str, Table] = {
    "trials": Table(Trial, ("trial",)),
    "milestones": Table(Milestone, ("trial", "milestone")),
    "results": Table(Result, ("trial", "workload")),
    "samples": Table(Sample, ("trial", "meter", "role", "at_s", "moment")),
    "requests": Table(Requests, ("trial", "workload", "connections")),
    # Only of workloads that are programs which report.
    "metrics": Table(ProgramMetric, ("trial", "workload", "metric")),
    "reports": Table(Report, ("trial", "workload")),
    # Only where several instances were started at once.
    "instances": Table(InstanceReading, ("backend", "running", "instance", "meter", "at_s")),
}
