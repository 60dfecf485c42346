"""Whether the steps of a chain add up to the whole."""

from __future__ import annotations

import pytest

from labkit.experiments.benchmark import stats
from tests.unit.charts.made_up import make_run
from tests.unit.stats.picking import pick

CHAIN = ("host", "docker")


def test_steps_that_are_alike_in_each_block_add_up_to_nothing_less() -> None:
    run = make_run(CHAIN, n=12)
    run.trials["startup_s"] = run.trials["backend"].map({"host": 0.01, "docker": 0.3})
    row = pick(stats.adding_up(run.trials, run.samples, CHAIN), quantity="startup_s")
    assert row["n"] == 12
    assert row["steps"] == pytest.approx(0.3) and row["whole"] == pytest.approx(0.3)
    assert row["low"] == pytest.approx(0) and row["high"] == pytest.approx(0)


def test_skewed_steps_leave_a_gap_of_medians_and_none_of_means() -> None:
    run = make_run(CHAIN, n=15)
    first = run.trials["backend"] == "host"
    # In one block of three the inner one is slow, in another the outer one.
    run.trials["startup_s"] = [
        (0.9 if block % 3 == 0 else 0.1) if inner else (0.2 if block % 3 == 2 else 1.0)
        for block, inner in zip(run.trials["block"], first, strict=True)
    ]
    row = pick(stats.adding_up(run.trials, run.samples, CHAIN), quantity="startup_s")
    assert (row["steps"], row["whole"]) == (pytest.approx(0.2), pytest.approx(1.0))
    assert row["gap"] == pytest.approx(0.8)
    assert row["mean_gap"] == pytest.approx(0)
    assert row["low"] <= row["gap"] <= row["high"]


def test_a_block_without_one_of_them_is_left_out() -> None:
    run = make_run(CHAIN, n=4)
    lost = (run.trials["block"] == 1) & (run.trials["backend"] == "docker")
    run.trials.loc[lost, "status"] = "failed"
    assert pick(stats.adding_up(run.trials, run.samples, CHAIN), quantity="startup_s")["n"] == 3


def test_nothing_of_the_chain_is_no_row() -> None:
    run = make_run(CHAIN, n=2)
    assert stats.adding_up(run.trials, run.samples, ("runc",)).empty
