"""The charts of what comes with the lab: as the chapters show them, they can be read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from labkit import (
    benchmark,
    charts,
    deployment,
    docker_internals,
    images,
    mistakes,
    orchestration,
    units,
)
from labkit.charts import Chart
from labkit.charts.chart import LONGEST_ALT
from labkit.course.panels import PANELS
from labkit.course.spectrum import boundaries
from labkit.experiments.table import load
from labkit.notebook.guesses import AXES
from tests.unit.charts.legible import assert_legible, words


def guessed(unit: str = " s", own: float = 0.1) -> Chart:
    return charts.guess(
        "How long?",
        own,
        (0.3, 0.2, 0.4),
        backend="docker",
        scale=units.time,
        axis=AXES[unit],
        verdict="too low",
        n=10,
    )


def tree(name: str) -> Any:
    run = load(name)
    processes = run.tree if name == "docker-internals" else run.survivors
    return docker_internals.charts.process_tree(processes, run.connections)


def layers() -> Any:
    return images.charts.image_layers(images.stats.image_layers(load("images").layers))


def copy_up() -> Any:
    return images.charts.copy_up(images.stats.copy_up(load("images").copy_up))


def cold_load() -> Any:
    return images.charts.cold_load(images.stats.cold_load(load("images").cold_load))


def base_images() -> Any:
    return images.charts.base_images(images.stats.base_images(load("images").base_images))


def deployments() -> Any:
    return deployment.charts.deployments(deployment.stats.deployments(load("deployment").steps))


def start_events() -> Any:
    events = load("docker-internals").events
    return docker_internals.charts.start_events(docker_internals.stats.start_events(events))


def mistaken(**more: bool) -> Any:
    return mistakes.charts.ratios(mistakes.stats.ratios(load("mistakes").figures), **more)


def spectrum() -> Any:
    return benchmark.charts.spectrum(boundaries())


def orchestrated() -> Any:
    return orchestration.charts.outcomes(
        orchestration.stats.outcomes(load("orchestration").outcomes)
    )


def panel(name: str, **chosen: str) -> Chart:
    return PANELS[name]().chart(**chosen)


CHARTS: dict[str, Callable[[], Any]] = {
    **{one.__name__: one for one in (layers, copy_up, cold_load, base_images, deployments)},
    **{one.__name__: one for one in (spectrum, orchestrated, mistaken)},
    "mistaken, without ways": partial(mistaken, ways=False),
    **{"start_events": start_events, "tree": partial(tree, "docker-internals")},
    **{"killed": partial(tree, "killed-daemon"), "guess": guessed},
    **{"good guess": partial(guessed, own=0.3), "wild guess": partial(guessed, own=1e6)},
    **{f"panel {name}": partial(panel, name) for name in PANELS},
    **{
        f"panel {name}, logarithmic": partial(panel, name, axis="logarithmic")
        for name in PANELS
        if name != "01"
    },
}


@pytest.mark.parametrize("name", CHARTS)
def test_no_text_is_clipped_or_overlaps_another(name: str) -> None:
    assert_legible(CHARTS[name]().figure)


@pytest.mark.parametrize("unit", AXES)
def test_the_axis_of_a_guess_says_what_is_on_it(unit: str) -> None:
    (axes,) = guessed(unit).figure.axes
    assert axes.get_xlabel().startswith(AXES[unit])


def test_a_marker_at_zero_and_an_interval_below_it_are_whole() -> None:
    for name in ("00", "07"):
        (axes,) = PANELS[name]().chart().figure.axes
        drawn = np.concatenate([np.asarray(line.get_xdata(), float) for line in axes.lines])
        low, high = axes.get_xlim()
        assert low < drawn.min() and drawn.max() < high


def test_where_no_connection_is_known_there_is_no_empty_half() -> None:
    assert len(tree("killed-daemon").figure.axes) == 1
    assert len(tree("docker-internals").figure.axes) == 2
    assert "rrow" not in words(tree("killed-daemon"))


def test_a_long_alt_text_ends_with_a_whole_figure() -> None:
    chart = cold_load()
    (alt,) = [part.split('"')[0] for part in chart.html().split('<img alt="')[1:]]
    assert len(alt) <= LONGEST_ALT < len(chart.alt)
    kept = alt.partition(" … ")[0]
    assert chart.alt.startswith(kept) and chart.alt[len(kept)] in ";."


def test_the_charts_follow_the_dark_theme() -> None:
    assert 'data-jp-theme-light="false"' in guessed().html()
