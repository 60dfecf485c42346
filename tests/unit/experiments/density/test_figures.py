"""The figures of groups that are made up, and how they are shown."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from labkit import notes
from labkit.charts.chart import LONGEST_ALT
from labkit.experiments.density import charts, stats
from labkit.experiments.density.records import WAYS, Start
from labkit.experiments.density.text import knee_words, text
from labkit.recordings import tables
from tests.unit.experiments.density.made_up import MIB, frame, group, together


def knee(rates: dict[int, float]) -> Any:
    [row] = notes.rows_of(stats.knees(stats.groups(frame(together(rates)))))
    assert knee_words(stats.knees(stats.groups(frame(together(rates)))))
    return None if pd.isna(row.knee) else row.knee


@pytest.mark.parametrize(
    ("rates", "found"),
    [
        ({1: 1, 2: 2, 4: 4}, None),
        ({1: 1, 2: 2, 4: 2.1, 8: 2.2}, 2),
        ({1: 1, 2: 0.9, 4: 0.8}, 1),
        ({1: 1, 2: 1, 4: 2}, None),  # a step that gains nothing, before one that does
        ({1: 1, 2: 1, 4: 2, 8: 2}, 4),
        ({1: 1, 2: 2, 4: 4, 6: 4}, None),  # 4 → 6 is not twice as many
        ({1: 1, 2: 1.11}, None),
        ({1: 1, 2: 1.09}, 1),
        ({1: 1}, None),
        ({1: 1, 4: 1}, None),  # 2 was left out: nobody knows
    ],
)
def test_the_knee(rates: dict[int, float], found: int | None) -> None:
    assert knee(rates) == found


def test_medians_rates_and_the_memory_of_a_further_one() -> None:
    table = stats.groups(frame(together({1: 1.0, 2: 2.0, 4: 3.0})))
    rows = {(row.level, row.way): row for row in notes.rows_of(table)}
    four = rows[4, "together"]
    assert (four.n, four.few) == (3, True)
    assert four.median_s == pytest.approx(4 / 3) and four.median_per_s == pytest.approx(3)
    assert rows[4, "one by one"].median_s == 4
    assert four.median_cpu_s == 0.5 and four.median_bytes == 7.5 * MIB
    assert four.median_marginal_bytes == 5 * MIB
    assert rows[1, "together"].median_marginal_bytes == 15 * MIB
    assert four.low_s == four.high_s == four.median_s  # all blocks alike


def test_what_is_not_known_is_in_no_figure() -> None:
    made = together({1: 1.0, 2: 2.0}, blocks=1)
    made[0] = made[0].model_copy(update={"memory_bytes": None, "memory_why": "hidden"})
    made.append(
        group((2, "docker", 1, "together"), 0).model_copy(
            update={"status": "failed", "error": "it broke", "all_ready_s": None}
        )
    )
    table = stats.groups(frame(made))
    rows = {(row.level, row.way): row for row in notes.rows_of(table)}
    assert rows[1, "together"].n == 1 and math.isnan(rows[1, "one by one"].median_bytes)
    assert math.isnan(rows[2, "one by one"].median_marginal_bytes)


def test_the_speed_up_is_paired_by_block() -> None:
    made = [
        group((block, "docker", 2, way), seconds * block)
        for block in range(1, 4)
        for way, seconds in zip(WAYS, (3.0, 1.5), strict=True)
    ]
    [row] = notes.rows_of(stats.speed_up(frame(made)))
    assert (row.level, row.n) == (2, 3) and row.median_ratio == pytest.approx(2)


def test_the_startup_of_the_nth() -> None:
    made = together({2: 2.0}, blocks=2)
    starts = [
        Start(
            block=block,
            backend="docker",
            level=2,
            way="together",
            instance=number,
            requested_s=0,
            startup_s=number / 2,
        )
        for block in (1, 2)
        for number in (1, 2)
    ]
    rows = notes.rows_of(stats.startups(tables.frame(starts, Start), frame(made)))
    assert [(row.instance, row.n, row.median_s) for row in rows] == [(1, 2, 0.5), (2, 2, 1.0)]


def test_the_chart_has_a_line_a_backend_and_way_in_each_panel() -> None:
    table = stats.groups(frame(together({1: 1.0, 2: 2.0, 4: 3.0})))
    chart = charts.density(table, badge="made up")
    assert [len(axes.lines) for axes in chart.figure.axes] == [2, 2]
    assert {axes.get_xscale() for axes in chart.figure.axes} == {"log"}
    assert {axes.get_yscale() for axes in chart.figure.axes} == {"log"}
    assert len(chart.alt) <= LONGEST_ALT and len(chart.table) == 6 and chart.svg()


def test_a_chart_without_memory_says_so() -> None:
    made = [row.model_copy(update={"memory_bytes": None}) for row in together({1: 1.0, 2: 2.0})]
    chart = charts.density(stats.groups(frame(made)))
    assert not chart.figure.axes[1].lines and chart.figure.axes[1].texts


@pytest.mark.parametrize("blocks", [1, 3, 10])
def test_the_text_has_a_row_a_number_and_is_no_wider_than_a_terminal(blocks: int) -> None:
    made = together({1: 1.0, 2: 2.0, 4: 3.0}, blocks=blocks)
    lost = made[-1].model_copy(update={"status": "left out", "error": "no room"})
    said = text(cast(Any, SimpleNamespace(groups=frame([*made[:-1], lost]))))
    assert all(f"{level} × docker (native)" in said for level in (1, 2, 4))
    assert "no room" in said and max(map(len, said.splitlines())) <= 100


@pytest.mark.parametrize(
    ("rates", "knee"),
    [
        ({1: 1.0, 2: 1.0, 8: 4.0, 16: 4.0}, 8),  # from 2 to 4 is not known
        ({1: 1.0, 2: 2.0, 4: 2.1, 8: 2.0}, 2),
        ({1: 1.0, 2: 2.0, 3: 2.0}, None),
    ],
)
def test_a_knee_is_not_seen_beyond_what_is_not_known(
    rates: dict[int, float], knee: int | None
) -> None:
    assert stats._knee(rates) == knee
