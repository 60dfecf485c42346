"""The single starts, and what part of them was ready by when."""

from __future__ import annotations

import pytest

from labkit.experiments.benchmark import stats
from tests.unit.charts.made_up import make_run


def test_the_share_is_rank_by_number_and_equal_times_share_the_highest() -> None:
    run = make_run(("host",), n=4)
    run.trials["startup_s"] = [3.0, 1.0, 3.0, 2.0]
    table = stats.distribution(run.trials)
    assert table["startup_s"].tolist() == [1.0, 2.0, 3.0, 3.0]
    assert table["share"].tolist() == pytest.approx([0.25, 0.5, 1.0, 1.0])
    assert (table["n"] == 4).all() and table["few"].all()


def test_failed_trials_are_no_part_of_it() -> None:
    run = make_run(("host", "docker"), n=3, failed=(0, 1, 3, 5))
    table = stats.distribution(run.trials)
    process, container = (table[table["backend"] == name] for name in ("host", "docker"))
    assert process["share"].tolist() == [0.5, 1.0]
    assert container["n"].tolist() == [0]
    assert container["startup_s"].isna().all()
