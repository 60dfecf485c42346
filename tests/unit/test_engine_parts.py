"""What each component adds: paired differences, on made-up blocks whose answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from labkit.charts import Chart
from labkit.errors import UsageError
from labkit.experiments.benchmark import charts, stats
from labkit.experiments.benchmark.stats.engine_parts import CHAIN, by_block
from tests.unit.charts.legible import words
from tests.unit.charts.made_up import MadeUpRun
from tests.unit.charts.made_up_engine_parts import layered_run

STEPS_MS = {"host": 5, "chroot": 1, "unshare": 8, "runc": 60, "containerd": 50, "docker": 180}


@pytest.fixture(scope="module")
def run() -> MadeUpRun:
    return layered_run({**STEPS_MS, "docker-cli": 20}, n=12)


@pytest.fixture(scope="module")
def table(run: MadeUpRun) -> pd.DataFrame:
    return stats.engine_parts(run.trials, run.samples)


def cells(table: pd.DataFrame) -> dict[str, Any]:
    """Backend → its row."""
    return {row["backend"]: row for row in of(table).reset_index().to_dict("records")}


def of(table: pd.DataFrame, quantity: str = "startup_s") -> pd.DataFrame:
    return table[table["quantity"] == quantity].set_index("backend")


def test_each_step_is_what_its_component_adds(table: pd.DataFrame) -> None:
    rows = cells(table)
    assert list(rows) == [*CHAIN, "total"]
    for name, step in list(STEPS_MS.items())[1:]:  # the first holds what its block takes, too
        assert rows[name]["median"] == pytest.approx(step / 1000, abs=0.002), name
        assert rows[name]["low"] <= step / 1000 <= rows[name]["high"], name
    assert {row["n"] for row in rows.values()} == {12}
    assert not any(row["few"] for row in rows.values())


def test_what_disturbs_a_whole_block_is_not_in_a_difference(table: pd.DataFrame) -> None:
    """The blocks differ by hundreds of milliseconds, the components by some."""
    width = of(table)["high"] - of(table)["low"]
    assert width["chroot"] < 0.01 < width["host"]


def test_the_bars_stand_on_each_other_and_reach_the_total(table: pd.DataFrame) -> None:
    rows = of(table)
    steps = rows.drop("total")
    assert steps["start"].iloc[0] == 0
    ends = steps["end"].to_numpy()
    assert ends == pytest.approx((steps["start"] + steps["median"]).to_numpy())
    assert steps["start"].to_numpy()[1:] == pytest.approx(ends[:-1])
    total = cells(table)["total"]
    assert total["low"] <= ends[-1] <= total["high"]
    assert total["less"] == "docker-cli"


def test_a_failed_trial_leaves_its_pairs_out_and_no_others() -> None:
    run = layered_run(dict.fromkeys(CHAIN, 10), n=12, failed=("runc", 3))
    pairs = {
        name: row["n"] for name, row in cells(stats.engine_parts(run.trials, run.samples)).items()
    }
    assert pairs["runc"] == pairs["containerd"] == 11
    assert pairs["unshare"] == pairs["docker"] == 12


def test_a_component_that_is_not_there_is_passed_over() -> None:
    run = layered_run({"host": 5, "runc": 60, "docker": 200}, n=4)
    rows = cells(stats.engine_parts(run.trials, run.samples))
    assert rows["docker"]["less"] == "runc" and rows["runc"]["less"] == "host"
    assert all(row["few"] for row in rows.values())


def test_what_was_not_read_is_not_known_and_never_zero() -> None:
    run = layered_run({"host": 5, "runc": 60}, n=4)
    samples = run.samples.assign(cpu_s=None)
    rows = of(stats.engine_parts(run.trials, samples), "host_cpu_s")
    assert rows["median"].isna().all() and (rows["n"] == 0).all()


def test_beyond_a_step_that_is_not_known_no_bar_has_a_place() -> None:
    run = layered_run({"host": 5, "runc": 60, "containerd": 50, "docker": 90}, n=4)
    unread = run.samples["backend"] == "runc"
    samples = run.samples.assign(pss_bytes=run.samples["pss_bytes"].where(~unread))
    rows = of(stats.engine_parts(run.trials, samples), "pss_bytes")
    assert rows["start"].isna().tolist() == [False, False, True, True, False]
    assert rows["median"].isna().tolist() == [False, True, True, False, False]
    chart = charts.engine_parts(stats.engine_parts(run.trials, samples), "pss_bytes")
    assert len(chart.figure.axes[0].patches) == 2 and "not known" in words(chart)


def test_pairs_that_are_asked_for(run: MadeUpRun) -> None:
    table = stats.paired(run.trials, run.samples, [("docker", "docker-cli")])
    row = table[table["quantity"] == "startup_s"].iloc[0]
    assert (row["backend"], row["less"], row["n"]) == ("docker", "docker-cli", 12)
    assert row["median"] == pytest.approx(-0.02, abs=0.002)


def test_by_block_has_a_row_for_each_block_and_quantity(run: MadeUpRun) -> None:
    wide = by_block(run.trials, run.samples)
    assert set(wide.columns) == set(CHAIN)
    assert len(wide.loc["startup_s"]) == 12


def test_an_empty_run_has_nothing_to_draw() -> None:
    run = layered_run({}, n=0)
    with pytest.raises(UsageError, match="nothing to draw"):
        charts.engine_parts(stats.engine_parts(run.trials, run.samples))


@pytest.mark.parametrize("quantity", ["startup_s", "host_cpu_s", "pss_bytes"])
def test_the_chart_says_what_it_shows(table: pd.DataFrame, quantity: str) -> None:
    chart = charts.engine_parts(table, quantity, badge="made up")
    for name in CHAIN:
        assert f"{name} (native)" in words(chart) and f"{name} (native)" in chart.alt
    assert "made up" in words(chart) and "n = 12 trials" in words(chart)
    assert "nan" not in chart.alt.lower() + words(chart).lower()
    assert set(chart.table["quantity"]) == {"startup_s", "host_cpu_s", "pss_bytes"}
    assert "fewer than 10" not in chart.alt


def test_the_bars_are_where_the_table_says(table: pd.DataFrame) -> None:
    chart: Chart = charts.engine_parts(table)
    (axes,) = chart.figure.axes
    drawn = [(patch.get_x(), patch.get_width()) for patch in axes.patches]  # type: ignore[attr-defined]
    rows = of(table)
    assert np.array(drawn) == pytest.approx(rows[["start", "median"]].to_numpy())


def test_few_blocks_are_marked() -> None:
    run = layered_run(STEPS_MS, n=5)
    chart = charts.engine_parts(stats.engine_parts(run.trials, run.samples))
    assert "n = 5, fewer than 10" in words(chart) and "n = 5, fewer than 10" in chart.alt
