"""A selftest's tables → its figures and its verdict."""

from __future__ import annotations

from typing import Any

from labkit.experiments.selftest.records import SelftestRecording
from labkit.experiments.selftest.stats.a_a import a_a_tests
from labkit.experiments.selftest.stats.overhead import floors, overheads, sampler_costs
from labkit.experiments.selftest.verdict import violations
from labkit.recordings.selftest import Selftest

__all__ = ["floors", "summary"]


def summary(recording: SelftestRecording) -> Selftest:
    """All figures, the same each time, and which bounds they break."""
    manifest, trials = recording.manifest, recording.trials
    twice = tuple(trials[trials["part"] == "a_a"]["backend"].unique())
    planned = [name for name in manifest.plan.a_a.backends if name in twice]
    figures: dict[str, Any] = {
        "floor": floors(trials),
        "overhead": overheads(trials, manifest.plan.overhead.warmups),
        "a_a": a_a_tests(trials, planned, manifest.plan.seed),
        "sampler": sampler_costs(recording.sampling),
    }
    return Selftest(
        created_at=recording.ending.ended_at if recording.ending else manifest.created_at,
        labkit_version=manifest.labkit_version,
        host=manifest.host,
        seed=manifest.plan.seed,
        violations=violations(**figures),
        **figures,
    )
