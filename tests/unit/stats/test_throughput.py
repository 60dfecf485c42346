"""Throughput, and its ratio within blocks."""

from __future__ import annotations

import math

import pytest

from labkit.experiments.benchmark import stats
from tests.unit.charts.made_up import make_run
from tests.unit.stats.picking import pick


def test_throughput_pairs_trials_of_the_same_block() -> None:
    run = make_run(("host", "docker"), n=2)
    speeds = {0: 100.0, 1: 50.0, 2: 400.0, 3: 100.0}
    run.results["ops_per_s"] = run.results["trial"].map(speeds)
    row = pick(stats.throughput(run.results, run.trials), backend="docker", workload="cpu")
    assert row["median_ratio"] == pytest.approx(math.sqrt(0.5 * 0.25))
    assert (row["n_ratio"], row["reason"]) == (2, "")


def test_throughput_says_why_there_is_no_ratio() -> None:
    lost = make_run(("host", "docker"), n=2, failed=(0, 3))
    table = stats.throughput(lost.results, lost.trials)
    row = pick(table, backend="docker", workload="cpu")
    assert math.isnan(row["median_ratio"])
    assert row["reason"] == "no block has a good trial of both"
    assert pick(table, backend="docker", workload="idle")["reason"] == "no operations counted"
