"""Two runs side by side, as a table."""

from __future__ import annotations

import pandas as pd
import pytest

from labkit.experiments.benchmark import stats
from tests.unit.charts.made_up import make_run
from tests.unit.stats.picking import pick


def test_the_second_run_in_multiples_of_the_first() -> None:
    first, second = make_run(("host", "docker"), n=4), make_run(("docker", "host"), n=3)
    docker = first.trials["backend"] == "docker"
    first.trials.loc[docker, "startup_s"] = [1.0, 2.0, 3.0, 2.0]
    docker = second.trials["backend"] == "docker"
    second.trials.loc[docker, "startup_s"] = [8.0, 9.0, 7.0]
    row = pick(stats.compare(first, second), backend="docker", quantity="startup_s")
    assert (row["n_first"], row["n_second"], row["n_ratio"], row["few"]) == (4, 3, 3, True)
    assert (row["median_first"], row["median_second"], row["median_ratio"]) == (2.0, 8.0, 4.0)
    assert 7 / 3 <= row["low_ratio"] < 4 < row["high_ratio"] <= 9
    assert (row["delta"], row["effect"]) == (1.0, "large")


def test_a_run_equals_itself() -> None:
    run = make_run(("host", "docker"), n=4)
    table = stats.compare(run, run)
    assert (table["delta"] == 0).all()
    known = table["median_ratio"].dropna()
    assert list(known) == pytest.approx([1.0] * len(known))
    pd.testing.assert_frame_equal(table, stats.compare(run, run))


def test_only_what_both_have_under_the_same_engine_is_compared() -> None:
    first, second = make_run(("host", "qemu"), n=2), make_run(("docker", "host", "qemu"), n=2)
    second.trials.loc[second.trials["backend"] == "qemu", "engine"] = "kvm"
    assert set(stats.compare(first, second)["backend"]) == {"host"}
    assert stats.compare(make_run(("host",), n=1), make_run(("docker",), n=1)).empty
