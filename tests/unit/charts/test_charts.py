"""Charts: their artists, words and data, not their pixels."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from labkit import charts
from labkit.charts import Chart
from labkit.charts.style import look
from labkit.errors import UsageError
from labkit.experiments.benchmark import charts as benchmark_charts
from labkit.experiments.benchmark import stats
from tests.unit.charts.legible import assert_legible, words
from tests.unit.charts.made_up import MANIFEST, MadeUpRun, make_run, served

FOUR = ("host", "docker", "qemu", "virtualbox")


def startup(run: MadeUpRun) -> Chart:
    timeline = stats.timeline(run.milestones, run.trials)
    return benchmark_charts.startup(stats.startup(run.trials), timeline, badge="made up")


def memory(run: MadeUpRun) -> Chart:
    return benchmark_charts.memory(stats.memory(run.samples, run.trials), badge="made up")


def cpu(run: MadeUpRun) -> Chart:
    spent = stats.cpu_spent(run.samples, run.results, run.trials)
    return benchmark_charts.cpu(stats.throughput(run.results, run.trials), spent, badge="made up")


def first_response(run: MadeUpRun) -> Chart:
    run = served(replace(run))
    timeline = stats.timeline(run.milestones, run.trials, until="first_response")
    answered = stats.first_response(run.milestones, run.trials)
    return benchmark_charts.first_response(answered, timeline, badge="made up")


def latency(run: MadeUpRun) -> Chart:
    run = served(replace(run))
    return benchmark_charts.latency(stats.latency(run.requests, run.trials), badge="made up")


def verdict(run: MadeUpRun) -> Chart:
    return benchmark_charts.verdict(stats.verdict(run.samples, run.trials), badge="made up")


def idle(run: MadeUpRun) -> Chart:
    return benchmark_charts.idle(
        stats.idle_burn(run.samples, run.results, run.trials), badge="made up"
    )


def ecdf(run: MadeUpRun) -> Chart:
    return benchmark_charts.ecdf(stats.distribution(run.trials), badge="made up")


def compare(run: MadeUpRun) -> Chart:
    """A run with itself."""
    return benchmark_charts.compare(stats.compare(run, run), "first", "second", badge="made up")


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


@each_chart
@each_run
def test_no_text_is_clipped_or_overlaps_another(kind, name) -> None:
    assert_legible(drawn(kind, name).figure)


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
    host = MANIFEST.host.model_copy(update={"load_1m": 2.5})
    assert "2.5" in charts.badge(MANIFEST.model_copy(update={"host": host}))


def test_save_writes_svg_and_png_and_refuses_the_rest(tmp_path: Path) -> None:
    chart = startup(RUNS["one trial"])
    assert chart.save(tmp_path / "chart.svg").read_text().startswith("<?xml")
    assert chart.save(tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match=r"chart\.gif"):
        chart.save(tmp_path / "chart.gif")


def test_importing_charts_does_not_load_matplotlib() -> None:
    code = "import sys, labkit.charts; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
