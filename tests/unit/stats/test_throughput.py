"""Throughput, and its ratio within blocks."""

from __future__ import annotations

import math

import pytest

from labkit import stats
from tests.unit.charts.made_up import make_run
from tests.unit.stats.picking import pick


def test_throughput_pairs_trials_of_the_same_block() -> None:
    run = make_run(("host", "docker"), n=2)
    speeds = {0: 100.0, 1: 50.0, 2: 400.0, 3: 100.0}
    run.results["ops_per_s"] = run.results["trial"].map(speeds)
    row = pick(stats.throughput(run.results, run.trials), backend="docker", workload="cpu")
    assert row["median_ratio"] == pytest.approx((0.5 + 0.25) / 2)
    assert (row["n_ratio"], row["reason"]) == (2, "")


def test_throughput_says_why_there_is_no_ratio() -> None:
    alone = make_run(("docker",), n=1)
    table = stats.throughput(alone.results, alone.trials)
    assert pick(table, workload="cpu")["reason"] == "no baseline backend in this run"
    assert pick(table, workload="idle")["reason"] == "no operations counted"
    lost = make_run(("host", "docker"), n=1, failed=(0,))
    row = pick(stats.throughput(lost.results, lost.trials), workload="cpu")
    assert math.isnan(row["median_ratio"])
    assert row["reason"] == "no block with a good trial of the baseline"
