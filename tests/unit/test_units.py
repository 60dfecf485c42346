"""Numbers as a reader wants them."""

from __future__ import annotations

import pytest

from labkit import units


@pytest.mark.parametrize(
    ("value", "scale", "expected"),
    [
        (0.00493, units.time, "4.93 ms"),
        (0.614, units.time, "614 ms"),
        (2.09, units.time, "2.09 s"),
        (39.84, units.time, "39.8 s"),
        (1.2 * units.MIB, units.memory, "1.20 MiB"),
        (1.5 * units.GIB, units.memory, "1.50 GiB"),
        (0.0309, units.ratio, "0.031×"),
        (0.000151, units.ratio, "0.00015×"),
        (0.0, units.plain, "0"),
        (353_798.2, units.plain, "353,798"),
        (None, units.time, "–"),
        (float("nan"), units.memory, "–"),
    ],
)
def test_text(value: float, scale: units.Scale, expected: str) -> None:
    assert units.text(value, scale) == expected


def test_bounds_share_the_unit_and_decimals_of_the_median() -> None:
    assert units.with_interval(0.9, 0.8, 1.1, units.time) == "900 ms [800 – 1,100]"
    assert units.with_interval(0.9, None, None, units.time) == "900 ms"
    assert units.with_interval(1.0, 1.0, 1.0, units.ratio) == "1.00×"
    assert units.with_interval(None, None, None, units.ratio) == "not known"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1263697.0, "1,263,697"), (0.00518, "0.00518"), (7, "7"), (None, "–"), ("cpu", "cpu")],
)
def test_cell(value: object, expected: str) -> None:
    assert units.cell(value) == expected


def test_a_mean_of_counts_has_decimals() -> None:
    count = units.METRICS["count"]
    assert [units.text(value, count) for value in (2, 1.5, 0.7071, 12345.0)] == [
        "2",
        "1.50",
        "0.707",
        "12,345",
    ]


def test_an_interval_around_zero_shows_its_width_and_counts_stay_whole() -> None:
    count = units.METRICS["count"]
    assert units.with_interval(0.0, 0.0, 0.083, units.ratio) == "0× [0.000 – 0.083]"
    assert units.interval_text(0.0, 0.0, 1.0, count) == "[0 – 1]"
    assert units.interval_text(12.0, 8.0, 17.0, count) == "[8 – 17]"
