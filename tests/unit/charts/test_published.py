"""The chart of published figures: its artists, words and data."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args

import numpy as np
import pytest
from matplotlib.text import Annotation

from labkit import units
from labkit.charts import Chart
from labkit.errors import UsageError
from labkit.experiments.benchmark import charts, published, stats
from tests.unit.charts.legible import assert_legible, words
from tests.unit.stats.test_published import under

FIGURES = published.load()
Quantity = Literal["startup", "cpu_throughput"]
BACKENDS = ("host", "docker", "qemu", "qemu-resumed")


@cache
def drawn(quantity: Literal["startup", "cpu_throughput"], engine: str = "kvm", n: int = 1) -> Chart:
    run = under(engine, BACKENDS, n)
    ours = stats.comparable(run, FIGURES)
    table = stats.beside(FIGURES, ours)
    return charts.published(table, ours, quantity=quantity, badge="made up")


each_quantity = pytest.mark.parametrize("quantity", get_args(Quantity))
each_engine = pytest.mark.parametrize("engine", ["kvm", "tcg"])


def theirs(chart: Chart) -> Any:
    return chart.table[chart.table["source"] != "this run"]


@each_quantity
@each_engine
@pytest.mark.parametrize("n", [1, 10])
def test_no_text_is_clipped_or_overlaps_another(quantity, engine, n) -> None:
    assert_legible(drawn(quantity, engine, n).figure)


@each_quantity
@each_engine
def test_each_published_figure_is_drawn_hollow_or_named_with_its_reason(quantity, engine) -> None:
    chart = drawn(quantity, engine)
    (axes,) = chart.figure.axes
    shown = theirs(chart)[theirs(chart)["shown"].astype(bool)]
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    places = [float(np.atleast_1d(line.get_xdata())[0]) for line in hollow]
    assert sorted(places) == pytest.approx(sorted(shown["value"]))
    text = words(chart)
    for row in shown.itertuples():
        assert f"{row.backend} ({row.engine})" in text
        assert f"{row.source} {row.year:.0f}" in text
    refused = theirs(chart)[~theirs(chart)["shown"].astype(bool) & theirs(chart)["value"].notna()]
    assert not refused.empty and "Not drawn:" in text
    for row in refused.itertuples():
        assert f"{row.source} {row.year:.0f}" in text
        assert str(row.reason) in text


@each_quantity
def test_nothing_of_another_engine_is_drawn_beside_emulation(quantity) -> None:
    chart = drawn(quantity, "tcg")
    labels = [text.get_text() for text in chart.figure.axes[0].get_yticklabels()]
    assert not any("kvm" in label or "tcg" in label for label in labels)
    assert "kvm is hardware virtualization, but here qemu ran under tcg" in words(chart)
    assert "kvm" not in chart.alt


def test_ours_stands_above_what_is_beside_it() -> None:
    axes = drawn("startup").figure.axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels[:2] == ["requested → ready", "qemu (kvm)"]
    assert set(labels[2:6]) == {
        "Firecracker (kvm)",
        "Cloud Hypervisor (kvm)",
        "QEMU (kvm)",
        "QEMU with qboot (kvm)",
    }
    assert labels[-3:] == ["created → started", "host (native)", "fork and exec (native)"]
    assert axes.get_xscale() == "log"
    published_labels = [text for text in axes.get_yticklabels() if text.get_fontstyle() == "italic"]
    assert len(published_labels) == 7


@pytest.mark.parametrize(
    ("quantity", "value"), [("startup", "≤ 125 ms"), ("cpu_throughput", "> 0.95×")]
)
def test_a_bound_has_an_arrow_and_a_measurement_none(quantity, value) -> None:
    chart = drawn(quantity)
    notes = [text for text in chart.figure.axes[0].texts if isinstance(text, Annotation)]
    assert len([text for text in notes if text.arrow_patch is not None]) == 1
    assert value in words(chart) and value in chart.alt
    assert "Arrow: a bound" in words(chart)
    assert "Arrow" not in words(drawn(quantity, "tcg"))


@each_quantity
@each_engine
def test_alt_text_and_table_say_the_same(quantity, engine) -> None:
    chart = drawn(quantity, engine)
    assert chart.alt.startswith(chart.title) and chart.title.endswith("?")
    assert "nan" not in chart.alt.lower() and "nan" not in words(chart).lower()
    refused = theirs(chart)[~theirs(chart)["shown"].astype(bool) & theirs(chart)["value"].notna()]
    assert f"Not drawn: {len(refused)} figures" in chart.alt
    assert set(refused["reason"]) <= set(chart.table["reason"])
    assert len(theirs(chart)) == (FIGURES["quantity"] == quantity).sum()
    assert "made up" in words(chart)


@each_quantity
def test_html_links_nothing_and_the_svg_is_repeatable(quantity) -> None:
    chart = drawn(quantity)
    assert "http" not in chart.html()
    assert chart.svg() == drawn.__wrapped__(quantity).svg()


@each_quantity
def test_few_trials_are_marked(quantity) -> None:
    assert "n = 1: a single trial has no interval" in words(drawn(quantity))
    assert "a single trial" in drawn(quantity).alt


def test_a_ratio_of_pairs_is_called_no_median() -> None:
    for quantity, estimate in (("startup", "median"), ("cpu_throughput", "ratio by Hodges")):
        assert f"Ours: {estimate}" in drawn(quantity).alt
        assert f"ours: {estimate}" in words(drawn(quantity))


def test_six_pairs_are_enough_for_an_interval_and_six_starts_are_few() -> None:
    ours = stats.comparable(under("tcg", BACKENDS, n=6), FIGURES)
    few = ours[ours["n"] > 0].groupby("quantity")["few"].all()
    assert few.to_dict() == {"cpu_throughput": False, "startup": True}


def test_the_axis_of_a_ratio_begins_at_zero() -> None:
    axes = drawn("cpu_throughput").figure.axes[0]
    assert axes.get_xscale() == "linear" and axes.get_xlim()[0] == 0
    low, high = axes.get_xlim()
    assert low < 1 < high
    assert units.text(290.87 / 290.83, units.ratio) in words(drawn("cpu_throughput"))


@each_quantity
def test_a_run_that_nothing_is_comparable_with(quantity) -> None:
    figures = FIGURES[FIGURES["engine"] == "xen"]
    ours = stats.comparable(under("tcg", BACKENDS), FIGURES)
    with pytest.raises(UsageError, match="nothing to draw"):
        charts.published(stats.beside(figures, ours), ours, quantity=quantity)
