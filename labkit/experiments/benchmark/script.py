"""A run as one JSON object, for scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from labkit.experiments.benchmark import data_quality, stats
from labkit.experiments.benchmark.records import Run, examined
from labkit.recordings.reader import plain_rows


def run_json(run: Run) -> dict[str, Any]:
    """A run for scripts: its trials with their milestones, and its summary. Empty is null."""
    run = examined(run)
    milestones = {
        trial: dict(zip(rows["milestone"], rows["at_s"], strict=True))
        for trial, rows in run.milestones.groupby("trial")
    }
    names = ["trial", "block", "stage", "backend", "family", "engine", "status"]
    names += ["startup_s", "error", "stopped_s", "suspended_s", "clock_step_s"]
    trials = [
        row | {"milestones": milestones.get(row["trial"], {})}
        for row in plain_rows(run.trials[names])
    ]
    return {
        "run": run.manifest.recording_id,
        "path": str(run.path.resolve()),
        "ending": run.ending.reason if run.ending else None,
        "left_out": dict(run.left_out),
        "trials": trials,
        "summary": stats.summary_json(run),
        "programs": plain_rows(stats.programs(run)),
        "data_quality": [asdict(issue) for issue in data_quality.quality_issues(run)],
    }
