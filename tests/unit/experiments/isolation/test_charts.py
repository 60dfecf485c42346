"""The matrix and the stacks: words and data, and that no text leaves its cell."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from matplotlib.patches import Rectangle

from labkit.charts import Chart
from labkit.charts.style import WHOSE, drawing
from labkit.errors import UsageError
from labkit.experiments.isolation import charts, stats
from tests.unit.experiments.isolation.made_up import COMPUTER, KINDS, recording

FOUR = ("host", "docker", "qemu", "virtualbox")
FIVE = (*FOUR, "unshare")


@cache
def matrix(*names: str) -> Chart:
    return charts.matrix(stats.matrix(recording(*names).answers), badge="made up")


@cache
def stack(*names: str) -> Chart:
    made_up = recording(*names)
    table = stats.stacks(made_up.answers, made_up.manifest.backends, COMPUTER)
    return charts.stacks(table, badge="made up")


def all_charts() -> list[Chart]:
    return [matrix(*FOUR), matrix(*FIVE), matrix(*KINDS), stack(*FOUR)]


@pytest.mark.parametrize("chart", all_charts(), ids=["four", "five", "nine", "stacks"])
def test_no_text_in_a_cell_leaves_it(chart: Chart) -> None:
    figure = chart.figure
    (axes,) = figure.axes
    with drawing():
        figure.draw_without_rendering()
        cells = [p.get_window_extent() for p in axes.patches if isinstance(p, Rectangle)]
        texts = [text for text in axes.texts if text.get_text()]
        assert texts
        for text in texts:
            box = text.get_window_extent()
            inside = [c for c in cells if c.x0 <= box.x0 and box.x1 <= c.x1]
            assert any(c.y0 <= box.y0 and box.y1 <= c.y1 for c in inside), text.get_text()


@pytest.mark.parametrize("names", [FOUR, FIVE, tuple(KINDS)], ids=len)
def test_headings_of_columns_do_not_meet(names: tuple[str, ...]) -> None:
    (axes,) = matrix(*names).figure.axes
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert boxes[0].x0 > 0
    assert boxes[-1].x1 < matrix(*names).figure.bbox.x1


def test_whose_a_cell_is_stands_in_colour_and_word() -> None:
    (axes,) = matrix(*FOUR).figure.axes
    words = {text.get_text().partition(" ·")[0] for text in axes.texts}
    assert {"host's", "own", "refused", "allowed", "not tried", "filtered"} <= words
    drawn = {rounded(patch.get_facecolor()[:3]) for patch in axes.patches}
    assert drawn == {rounded(face) for face, _, _ in WHOSE.values()}


def rounded(colour: Any) -> tuple[float, ...]:
    return tuple(round(part, 3) for part in colour)


def test_the_words_and_the_table_say_it_too() -> None:
    chart = matrix(*FOUR)
    docker = chart.alt.partition("docker (native): ")[2].partition(" qemu (tcg)")[0]
    assert docker.startswith("host's: kernel,")
    assert "refused: mount something" in docker
    assert "allowed, reaches own: mount something" in chart.alt.partition("qemu (tcg): ")[2]
    assert list(chart.table.columns) == ["aspect", *FOUR]
    row = chart.table.set_index("aspect").loc["kernel"]
    assert row["docker"] == "host's · 6.18.44"
    assert row["qemu"] == "own · 6.1.0"


def test_what_is_shared_is_one_block() -> None:
    chart = stack(*FOUR)
    (axes,) = chart.figure.axes
    names = [text.get_text() for text in axes.texts]
    assert names.count("host's kernel") == names.count("computer") == 1
    assert names.count("guest's kernel") == names.count("hypervisor") == 2
    assert chart.alt.count("its calls end in the host's kernel") == 2
    assert chart.alt.count("its calls end in the guest's kernel") == 2


def test_the_same_data_draw_the_same() -> None:
    table = stats.matrix(recording(*FOUR).answers)
    assert charts.matrix(table).svg() == charts.matrix(table).svg()


def test_nothing_is_not_drawn() -> None:
    table = stats.matrix(recording(*FOUR).answers)
    with pytest.raises(UsageError, match="nothing to draw"):
        charts.matrix(table[table["backend"] == "none"])
