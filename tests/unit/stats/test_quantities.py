"""The long table of all quantities."""

from __future__ import annotations

import pytest

from labkit.experiments.benchmark import stats
from tests.unit.charts.made_up import make_run
from tests.unit.stats.picking import pick


def test_each_quantity_is_paired_with_the_baseline_of_its_block() -> None:
    run = make_run(("host", "docker"), n=4)
    run.trials["startup_s"] = [1.0, 3.0, 2.0, 6.0, 4.0, 12.0, 8.0, 24.0]
    row = pick(stats.quantities(run), backend="docker", quantity="startup_s")
    assert [row["median_ratio"], row["low_ratio"], row["high_ratio"]] == [3.0, 3.0, 3.0]
    assert row["median"] == 9.0
    assert row["mad"] == 4.5  # of 3, 6, 12, 24 around 9: 6, 3, 3, 15
    assert (row["n"], row["few"]) == (4, True)
    assert row["delta"] == pytest.approx(10 / 16)


def test_host_cpu_is_divided_within_the_block_and_not_by_a_median() -> None:
    run = make_run(("host", "docker"), n=2)
    spent = {0: 1.0, 1: 2.0, 2: 10.0, 3: 20.0}
    used = run.samples["trial"].map(spent).where(run.samples["moment"] == "end cpu", 0.0)
    run.samples["cpu_s"] = used.where(run.samples["role"] == "instance", 0.0)
    run.results["ops"] = 1000.0
    table = stats.quantities(run)
    row = pick(table, backend="docker", quantity="host_cpu_s_per_1000_ops", workload="cpu")
    assert [row["median_ratio"], row["low_ratio"], row["high_ratio"]] == [2.0, 2.0, 2.0]
    assert row["unit"] == "MiB"


def test_what_has_no_value_has_no_row() -> None:
    table = stats.quantities(make_run(("host",), n=2))
    idle = table[table["workload"] == "idle"]
    assert list(idle["quantity"]) == ["host_cpu_s_per_s"]
    assert stats.quantities(make_run((), n=0)).empty
