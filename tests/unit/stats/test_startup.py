"""Startup: totals, ratios, phases."""

from __future__ import annotations

import pandas as pd
import pytest

from labkit.experiments.benchmark import stats
from tests.unit.charts.made_up import make_run


def test_startup_leaves_failed_trials_out() -> None:
    run = make_run(("host", "docker"), n=3, failed=(1,))
    run.trials["startup_s"] = [1.0, 99.0, 2.0, 5.0, 6.0, 7.0]
    table = stats.startup(run.trials).set_index("backend")
    assert table.loc["host", "median_s"] == 2.0
    assert table.loc["host", "n"] == 3
    assert table.loc["docker", "median_s"] == 6.0
    assert table.loc["docker", "n_failed"] == 1
    assert table["few"].all()


def test_startup_without_a_good_trial_is_empty_not_zero() -> None:
    table = stats.startup(make_run(("docker",), n=1, failed=(0,)).trials)
    assert table["n"].tolist() == [0]
    assert table["median_s"].isna().all()


def test_timeline_is_made_of_the_milestones_that_a_backend_has() -> None:
    run = make_run(("host", "qemu"), n=1)
    run.milestones = pd.DataFrame(
        [
            (0, "host", "requested", 0.0),
            (0, "host", "ready", 2.0),
            (1, "qemu", "requested", 0.0),
            (1, "qemu", "started", 1.0),
            (1, "qemu", "kernel", 0.9),
            (1, "qemu", "ready", 4.0),
            (1, "qemu", "stopped", 5.0),
        ],
        columns=["trial", "backend", "milestone", "at_s"],
    )
    table = stats.timeline(run.milestones, run.trials)
    assert list(table["phase"]) == [
        "requested → ready",
        "requested → started",
        "started → kernel",
        "kernel → ready",
    ]
    assert list(table["length_s"]) == pytest.approx([2.0, 1.0, 0.0, 3.1])
    assert table.groupby("backend")["share"].sum().tolist() == pytest.approx([1.0, 1.0])
    longer = stats.timeline(run.milestones, run.trials, until="stopped")
    assert longer["phase"].iloc[-1] == "ready → stopped"


def test_startup_carries_spread_and_ratio_to_the_baseline_of_its_block() -> None:
    run = make_run(("host", "docker"), n=3)
    run.trials["startup_s"] = [1.0, 3.0, 2.0, 6.0, 5.0, 15.0]
    table = stats.startup(run.trials).set_index("backend")
    assert table.loc["docker", "mad_s"] == 3.0
    assert list(table["median_ratio"]) == [1.0, 3.0]
    assert list(table["n_ratio"]) == [3, 3]
    assert list(table["effect"]) == ["negligible", "large"]


def test_warmups_enter_no_figure() -> None:
    run = make_run(("host", "docker"), n=3)
    run.trials.loc[run.trials["block"] == 0, "stage"] = "warmup"
    assert list(stats.startup(run.trials)["n"]) == [2, 2]
