"""Statistics, chart and table of the neighbours, on numbers that are made up."""

from __future__ import annotations

import pandas as pd
import pytest

from labkit.experiments.neighbours import planning, stats
from labkit.experiments.neighbours.charts import KINDS as HEADINGS
from labkit.experiments.neighbours.charts import neighbours as chart_of
from labkit.experiments.neighbours.text import table_text
from tests.unit.charts.legible import assert_legible, words
from tests.unit.experiments.neighbours.made_up import made_up


def test_ratios_are_in_pairs_so_that_the_blocks_pace_cancels_out() -> None:
    table = stats.neighbours(made_up())
    cells = table.set_index(["quantity", "kind", "backend", "condition"])["median_ratio"]
    assert cells["throughput", "cpu", "host", "unlimited"] == pytest.approx(0.5, rel=0.03)
    assert cells["p95", "disk", "docker", "unlimited"] == pytest.approx(2, rel=0.03)
    assert cells.xs("limited", level="condition").between(0.97, 1.03).all()
    assert (table["n"] == 10).all() and not table["few"].any()


def test_another_unit_changes_no_ratio() -> None:
    trials = made_up(n=4)
    other = trials.assign(p95_s=trials["p95_s"] * 1000)
    pd.testing.assert_frame_equal(stats.neighbours(trials), stats.neighbours(other))


def test_what_the_neighbours_did() -> None:
    work = stats.neighbours_work(made_up(n=4))
    assert work["median_mib_per_s"].tolist() == [50.0] * len(work)
    assert work["refused"].tolist() == [8] * len(work)
    assert work["few"].all()


@pytest.mark.parametrize("quantity", ["throughput", "p95"])
@pytest.mark.parametrize("n", [1, 3, 6])
def test_the_chart_is_legible_and_says_all_in_words(quantity: str, n: int) -> None:
    trials = made_up(n)
    trials.loc[(trials["kind"] == "disk") & (trials["condition"] == "limited"), "status"] = "left"
    trials["error"] = trials["error"].mask(trials["status"] == "left", "no such limit")
    chart = chart_of(stats.neighbours(trials), quantity, badge="made up")
    assert_legible(chart.figure)
    assert "docker (native), neighbour without limits" in chart.alt
    assert "no such limit" in chart.alt and "no such limit" in words(chart)
    assert ("fewer than" in words(chart).lower()) == (n == 3)
    assert "nan" not in chart.alt.lower() + words(chart).lower()


def test_the_table_says_what_was_left_empty() -> None:
    trials = made_up(3)
    trials.loc[(trials["kind"] == "disk") & (trials["condition"] == "limited"), "status"] = "left"
    trials["error"] = trials["error"].mask(trials["status"] == "left", "no such limit")
    text = table_text(stats.neighbours(trials), stats.neighbours_work(trials))
    assert ["cpu", "host", "(native)", "without", "3"] in [
        line.split()[:5] for line in text.splitlines()
    ]
    assert "50.0 MiB/s, refused 6 times" in text
    assert "Left empty: disk, docker, with limits: no such limit." in text


def test_the_charts_headings_name_the_limits_that_there_are() -> None:
    assert f"{planning.limits_of('memory', 'limited').memory_mib} MiB" in HEADINGS["memory"]
    assert f"{planning.DISK_MIB_PER_S} MiB/s" in HEADINGS["disk"]
