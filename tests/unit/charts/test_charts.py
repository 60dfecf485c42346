"""Charts: their artists, words and data, not their pixels."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from labkit import charts, stats
from labkit.charts import Chart
from labkit.charts.style import drawing, look
from labkit.errors import UsageError
from labkit.stats.memory import METRICS
from tests.unit.charts.made_up import MANIFEST, MadeUpRun, make_run, served

FOUR = ("host", "docker", "qemu", "virtualbox")


def startup(run: MadeUpRun) -> Chart:
    timeline = stats.timeline(run.milestones, run.trials)
    return charts.startup(stats.startup(run.trials), timeline, badge="made up")


def memory(run: MadeUpRun) -> Chart:
    return charts.memory(stats.memory(run.samples, run.trials), badge="made up")


def cpu(run: MadeUpRun) -> Chart:
    spent = stats.cpu_spent(run.samples, run.results, run.trials)
    return charts.cpu(stats.throughput(run.results, run.trials), spent, badge="made up")


def first_response(run: MadeUpRun) -> Chart:
    run = served(replace(run))
    timeline = stats.timeline(run.milestones, run.trials, until="first_response")
    answered = stats.first_response(run.milestones, run.trials)
    return charts.first_response(answered, timeline, badge="made up")


def latency(run: MadeUpRun) -> Chart:
    run = served(replace(run))
    return charts.latency(stats.latency(run.requests, run.trials), badge="made up")


def verdict(run: MadeUpRun) -> Chart:
    return charts.verdict(stats.verdict(run.samples, run.trials), badge="made up")


def idle(run: MadeUpRun) -> Chart:
    return charts.idle(stats.idle_burn(run.samples, run.results, run.trials), badge="made up")


def ecdf(run: MadeUpRun) -> Chart:
    return charts.ecdf(stats.distribution(run.trials), badge="made up")


def compare(run: MadeUpRun) -> Chart:
    """A run with itself."""
    return charts.compare(stats.compare(run, run), "first", "second", badge="made up")


def holes(run: MadeUpRun) -> MadeUpRun:
    """The same run where much could not be read."""
    run.samples["pss_bytes"] = run.samples["pss_bytes"].where(run.samples["backend"] != "docker")
    run.samples["cpu_s"] = run.samples["cpu_s"].where(run.samples["backend"] != "host")
    return run


RUNS = {
    "three": make_run(),
    "four, few": make_run(FOUR, n=5, failed=(3,)),
    "one backend": make_run(("docker",)),
    "one trial": make_run(n=1),
    "five trials": make_run(n=5),
    "one failed altogether": make_run(n=10, failed=tuple(range(2, 30, 3))),
    "holes": holes(make_run()),
}


@cache
def drawn(kind: Callable[[MadeUpRun], Chart], name: str) -> Chart:
    """Each chart of each run, drawn once."""
    return kind(RUNS[name])


KINDS = (startup, ecdf, memory, cpu, verdict, idle, compare, first_response, latency)
ALL = [pytest.param(kind, id=kind.__name__) for kind in KINDS]
each_chart = pytest.mark.parametrize("kind", ALL)
each_run = pytest.mark.parametrize("name", RUNS)


def texts(figure: Figure) -> Iterator[Text]:
    for artist in figure.findobj(Text):
        if isinstance(artist, Text) and artist.get_visible() and artist.get_text().strip():
            yield artist


def words(chart: Chart) -> str:
    return " ".join(" ".join(text.get_text().split()) for text in texts(chart.figure))


@each_chart
@each_run
def test_no_text_is_clipped_or_overlaps_another(kind, name) -> None:
    assert_legible(drawn(kind, name).figure)


def assert_legible(figure: Figure) -> None:
    with drawing():
        figure.draw_without_rendering()
        boxes = {text: text.get_window_extent() for text in texts(figure)}
    # Ticks beyond the limits keep a text that is not drawn.
    shown = {t: b for t, b in boxes.items() if t.axes is None or in_view(t, b)}
    for text, box in shown.items():
        inside = Bbox.intersection(figure.bbox.padded(1), box)
        assert inside is not None and np.allclose(inside.extents, box.extents), text.get_text()
    for (one, box), (other, other_box) in combinations(shown.items(), 2):
        apart = not box.padded(-0.5).overlaps(other_box.padded(-0.5))
        assert apart, f"{one.get_text()} overlaps {other.get_text()}"


def in_view(text: Text, box: Bbox) -> bool:
    assert text.axes is not None
    ticks = [*text.axes.get_xticklabels(which="both"), *text.axes.get_yticklabels()]
    frame = text.axes.bbox.padded(2)
    centre = (box.x0 + box.x1) / 2
    if text in ticks:
        return bool(frame.x0 <= centre <= frame.x1 or box.x1 <= frame.x0)
    return True


@each_chart
@each_run
def test_engine_stands_in_every_label_and_alt_text(kind, name) -> None:
    chart = drawn(kind, name)
    for row in chart.table[["backend", "engine"]].drop_duplicates().itertuples():
        assert f"{row.backend} ({row.engine})" in words(chart)
        assert f"{row.backend} ({row.engine})" in chart.alt
    assert "nan" not in chart.alt.lower()
    assert "nan" not in words(chart).lower()


@each_chart
def test_same_data_give_the_same_svg(kind) -> None:
    first, second = (kind(make_run(n=3)).svg() for _ in range(2))
    assert first == second
    assert "<dc:date>" not in first


@each_chart
def test_few_trials_are_marked_and_enough_are_not(kind) -> None:
    few, one = drawn(kind, "five trials"), drawn(kind, "one trial")
    for place in (words(few), few.alt):
        assert "n = 5, fewer than 10: intervals cover less than they say" in place
    assert "n = 1: a single trial has no interval" in words(one)
    assert "fewer than" not in words(drawn(kind, "three")).lower()


@each_chart
def test_html_carries_alt_text_and_data_and_links_nothing(kind) -> None:
    chart = drawn(kind, "three")
    html = chart._repr_html_()
    assert re.search(r'<img alt="(How|What) [^"]+\?[^"]+"', html)
    assert "<details><summary>Data table</summary><table" in html
    assert "://" not in html and "href" not in html
    assert repr(chart) == chart.alt


@each_chart
def test_the_badge_and_the_question_are_on_the_figure(kind) -> None:
    chart = drawn(kind, "three")
    assert chart.title.endswith("?")
    assert chart.title in words(chart)
    assert "made up" in words(chart)


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
    assert "not: host, docker" in words(chart)
    assert "the memory that it sees is the host's" in chart.alt


def test_cpu_axis_is_logarithmic_only_where_it_must_be() -> None:
    assert cpu(RUNS["three"]).figure.axes[0].get_xscale() == "log"
    near = cpu(make_run(("host", "docker"))).figure.axes[0]
    assert near.get_xscale() == "linear"
    assert near.get_xlim()[0] == 0


def test_cpu_without_a_baseline_says_so() -> None:
    assert "no baseline backend in this run" in words(cpu(RUNS["one backend"]))


@each_chart
def test_a_run_without_data_has_nothing_to_draw(kind) -> None:
    with pytest.raises(UsageError, match="nothing to draw"):
        kind(make_run((), n=0))


def test_a_backend_looks_the_same_everywhere_and_unknown_ones_are_told_apart() -> None:
    known = [look(name) for name in FOUR]
    assert len({one.colour for one in known}) == len({one.hatch for one in known}) == 4
    assert look("podman") == look("podman")
    assert look("podman") not in known


def test_badge_names_source_host_and_day() -> None:
    assert charts.badge(MANIFEST) == "recorded · 2 × AMD EPYC · kernel 6.18.0 · 2026-11-23"


def test_save_writes_svg_and_png_and_refuses_the_rest(tmp_path: Path) -> None:
    chart = startup(RUNS["one trial"])
    assert chart.save(tmp_path / "chart.svg").read_text().startswith("<?xml")
    assert chart.save(tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match=r"chart\.gif"):
        chart.save(tmp_path / "chart.gif")


def test_importing_charts_does_not_load_matplotlib() -> None:
    code = "import sys, labkit.charts, labkit.report; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
