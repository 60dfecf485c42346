"""Runs in which nothing is to be doubted, to disturb one thing at a time."""

from __future__ import annotations

import numpy as np

from labkit.experiments.benchmark import data_quality
from labkit.experiments.benchmark.data_quality import QualityIssue
from tests.unit.charts.made_up import MadeUpRun, make_run


def quiet(n: int = 10, names: tuple[str, ...] = ("host", "docker")) -> MadeUpRun:
    """Startups of host 5 ms and docker 400 ms, a little apart from one another, without a trend."""
    run = make_run(names, n=n)
    wave = 1 + 0.01 * np.array([(-1) ** block * (block % 3) for block in run.trials["block"]])
    seconds = run.trials["backend"].map({"host": 0.005, "docker": 0.4}).fillna(2.0)
    run.trials["startup_s"] = seconds * wave
    return run


def start(run: MadeUpRun, block: int, seconds: float, backend: str = "docker") -> int:
    """Sets one startup; its trial's number."""
    row = (run.trials["backend"] == backend) & (run.trials["block"] == block)
    run.trials.loc[row, "startup_s"] = seconds
    return int(run.trials.loc[row, "trial"].iloc[0])


def found(run: MadeUpRun, kind: str) -> list[QualityIssue]:
    return [issue for issue in data_quality.quality_issues(run) if issue.kind == kind]


def only(run: MadeUpRun, kind: str) -> QualityIssue:
    (issue,) = found(run, kind)
    return issue
