"""A run: its manifest, and its tables in the order of a trial's life."""

from __future__ import annotations

from collections.abc import Mapping

from labkit.measure.plan import Plan
from labkit.measure.records import InstanceReading, Milestone, Requests, Result, Sample, Trial
from labkit.recordings.kind import Table
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording


class RunManifest(Manifest):
    """The manifest of a run."""

    plan: Plan


Run = Recording[RunManifest]
TABLES: Mapping[str, Table] = {
    "trials": Table(Trial, ("trial",)),
    "milestones": Table(Milestone, ("trial", "milestone")),
    "results": Table(Result, ("trial", "workload")),
    "samples": Table(Sample, ("trial", "meter", "role", "at_s", "moment")),
    "requests": Table(Requests, ("trial", "workload", "connections")),
    # Only where several instances were started at once.
    "instances": Table(InstanceReading, ("backend", "running", "instance", "meter", "at_s")),
}
