"""What each chart shows of its own; what all have in common is in test_charts.py."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.charts.style import look
from labkit.experiments.benchmark import charts, stats
from labkit.experiments.benchmark.stats.memory import METRICS
from tests.unit.charts.legible import words
from tests.unit.charts.made_up import make_run
from tests.unit.charts.test_charts import RUNS, cpu, ecdf, memory, startup, verdict


def test_startup_draws_each_median_where_it_is() -> None:
    run = RUNS["three"]
    totals, shares = startup(run).figure.axes
    medians = [
        float(line.get_xdata()[0])  # type: ignore[index,arg-type]
        for line in totals.lines
        if len(np.atleast_1d(line.get_xdata())) == 1
    ]
    assert medians == pytest.approx(stats.startup(run.trials)["median_s"].tolist())
    assert totals.get_xscale() == "log"
    assert "logarithmic" in totals.get_title(loc="left")
    assert len(shares.collections) == len(stats.timeline(run.milestones, run.trials))


def test_startup_says_which_backend_failed_altogether() -> None:
    assert "all trials failed" in words(startup(RUNS["one failed altogether"]))


def test_startup_marks_the_rows_of_few_trials() -> None:
    said = words(startup(RUNS["five trials"]))
    assert said.count("few trials: n = 5") == 3
    assert "few trials" not in words(startup(RUNS["three"]))


def test_the_distribution_has_a_stair_a_backend_on_a_logarithmic_axis() -> None:
    run = RUNS["three"]
    (axes,) = ecdf(run).figure.axes
    stairs = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    times = [sorted(rows["startup_s"]) for _, rows in run.trials.groupby("backend", sort=False)]
    assert sorted(list(line.get_xdata())[1:] for line in stairs) == sorted(times)  # type: ignore[arg-type]
    assert all(line.get_ydata()[-1] == 1 for line in stairs)  # type: ignore[index]
    assert axes.get_xscale() == "log"
    assert "logarithmic" in axes.get_xlabel()


def test_the_distribution_names_who_failed_altogether() -> None:
    chart = ecdf(RUNS["one failed altogether"])
    assert ": all trials failed" in words(chart)
    assert "all trials failed" in chart.alt


@pytest.mark.parametrize(("factor", "scale"), [(1.3, "linear"), (40.0, "log")])
def test_compare_draws_each_ratio_and_a_line_where_both_are_equal(
    factor: float, scale: str
) -> None:
    first, second = make_run(("host", "docker"), n=6), make_run(("host", "docker"), n=6)
    second.trials["startup_s"] *= factor
    chart = charts.compare(stats.compare(first, second), "before", "after")
    (axes,) = chart.figure.axes
    assert axes.get_xscale() == scale
    low, high = axes.get_xlim()
    assert low < 1 < factor < high
    assert "the same in both" in words(chart)
    assert f"docker (native) {factor:.3g}" in chart.alt
    assert "A: before" in words(chart) and "B: after" in words(chart)


def test_memory_draws_roles_of_the_metric_and_tables_all_metrics() -> None:
    chart = memory(RUNS["three"])
    (axes,) = chart.figure.axes
    assert len(axes.patches) == 5  # host, qemu; docker's instance, helper and services
    assert set(chart.table["metric"]) == set(METRICS)
    assert axes.get_xlabel() == "PSS in MiB"


def test_memory_that_could_not_be_read_is_named_and_not_drawn() -> None:
    chart = memory(RUNS["holes"])
    assert "not read" in words(chart)
    assert "docker (native) not known" in chart.alt


def test_the_verdict_has_a_marker_for_each_figure_and_a_reason_for_each_gap() -> None:
    run = RUNS["three"]
    chart = verdict(run)
    (axes,) = chart.figure.axes
    table = stats.verdict(run.samples, run.trials)
    colours = {look(name).colour for name in ("host", "docker", "qemu")}
    drawn_there = [
        line
        for line in axes.lines
        if str(line.get_marker()) in {"o", "s", "D"}
        and line.get_color() in colours
        and line.get_markerfacecolor() != "white"
    ]
    assert len([one for one in drawn_there if one.get_linestyle() == "None"]) == int(
        table["median_bytes"].notna().sum()
    )
    assert "known only of qemu" in words(chart)
    assert "the memory that it sees is the host's" in chart.alt


def test_cpu_axis_is_logarithmic_only_where_it_must_be() -> None:
    assert cpu(RUNS["three"]).figure.axes[0].get_xscale() == "log"
    near = cpu(make_run(("host", "docker"))).figure.axes[0]
    assert near.get_xscale() == "linear"
    assert near.get_xlim()[0] == 0


def test_cpu_without_a_bare_process_names_its_yardstick() -> None:
    chart = cpu(RUNS["one backend"])
    assert "as fast as docker" in words(chart) and "the host" not in words(chart)
