"""Recordings that tests write: a run of a made-up backend, ended or broken off."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.experiments.benchmark.records import Run, RunManifest
from labkit.measure.plan import Plan
from labkit.measure.records import Milestone, Result, Sample, Trial, TrialRecords
from labkit.recordings import reader
from labkit.recordings.facts import BackendInfo
from labkit.recordings.writer import Writer
from labkit.system import host

FAKE = BackendInfo(family="container", engine="native", version="1")
PLAN = Plan(backends=("fake",), workloads=("cpu",), trials={"fake": 1}, seconds=1)


def manifest(recording_id: str = "0123", plan: Plan = PLAN) -> RunManifest:
    return RunManifest(
        experiment="benchmark",
        recording_id=recording_id,
        created_at="2026-01-01T00:00:00+00:00",
        labkit_version="0",
        plan=plan,
        host=host.inspect(),
        image_digest="0" * 64,
        workload_digests={"cpu": "1" * 64},
        backends=dict.fromkeys(plan.backends, FAKE),
    )


def records(trial: int = 1, error: str | None = None) -> TrialRecords:
    return TrialRecords(
        Trial(
            trial=trial,
            block=1,
            stage="measured",
            backend="fake",
            family="container",
            engine="native",
            start="cold",
            status="failed" if error else "ok",
            requested_at="2026-01-01T00:00:00.000+00:00",
            startup_s=None if error else 0.5,
            load_1m=None,
            memory_available_bytes=1,
            cpu_mhz=None,
            steal_share=None,
            error=error,
        ),
        [Milestone(trial=trial, backend="fake", milestone="requested", at_s=0.0)],
        [
            Result(
                trial=trial,
                backend="fake",
                workload="cpu",
                unit="MiB",
                ops=1.5,
                seconds=1.0,
                ops_per_s=1.5,
                guest_seconds=None,
            )
        ],
        [
            Sample(
                trial=trial,
                backend="fake",
                meter="process",
                role="instance",
                at_s=0.1,
                moment=None,
                processes=1,
                cpu_s=0.1,
                rss_bytes=1,
                pss_bytes=None,
                uss_bytes=1,
                cgroup_bytes=None,
            )
        ],
    )


def load(path: Path) -> Run:
    return reader.read(path, EXPERIMENT)


def begun(folder: Path, *trials: TrialRecords) -> Writer:
    folder.mkdir(parents=True, exist_ok=True)
    writer = Writer.begin(folder / "run", EXPERIMENT, manifest())
    for trial in trials:
        writer.append(trial.rows(), {})
    return writer


def written(folder: Path, *trials: TrialRecords) -> Path:
    """A run that has ended."""
    with closing(begun(folder, *trials)) as writer:
        writer.finish("plan", {})
    return writer.path


def broken_off(folder: Path, *trials: TrialRecords) -> Path:
    """A run whose lab was killed."""
    with closing(begun(folder, *trials)) as writer:
        return writer.path
