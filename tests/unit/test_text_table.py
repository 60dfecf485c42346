"""Columns of text: cells of several lines, columns flush right, columns that do not fit."""

from __future__ import annotations

import subprocess
import sys

import pytest

from labkit.text_table import aligned, fitted, stacked, wrapped

ROWS = [["name", "n", "what"], [stacked("docker", "(native)"), "10", ""], ["qemu", "2", "more"]]


def test_columns_begin_or_end_at_the_same_place() -> None:
    assert aligned(ROWS, right=[1]) == [
        "name       n  what",
        "docker    10",
        "(native)",
        "qemu       2  more",
    ]


def test_columns_that_do_not_fit_follow_below_with_the_first_one_again() -> None:
    headings = ["name", *(f"heading {n}" for n in range(9))]
    row = ["docker\n(native)", *(f"{n:015}" for n in range(9))]
    lines = aligned([headings, row], width=100)
    assert max(map(len, lines)) <= 100
    assert lines.count("(native)") == lines.count("") + 1 == 2
    assert sum(line.count("heading") for line in lines) == 9


def test_a_column_that_is_too_wide_stands_alone() -> None:
    assert aligned([["a", "b" * 30]], width=20) == [f"a  {'b' * 30}"]


def test_no_rows_are_no_lines() -> None:
    assert aligned([]) == []


def test_what_is_empty_takes_no_line_in_a_cell() -> None:
    assert stacked("1 s", "") == "1 s"


def test_a_paragraph_continues_below_its_mark() -> None:
    first, second = wrapped("word " * 25, mark="  - ")
    assert first.startswith("  - word") and len(first) <= 100
    assert second.startswith("    word")


@pytest.mark.parametrize(
    "module",
    ["benchmark.text", "benchmark.comparison", "images.text", "neighbours.text", "selftest.text"],
)
def test_a_terminal_table_needs_no_charts(module: str) -> None:
    code = f"import sys, labkit.experiments.{module}; print('labkit.charts' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "False", answer.stderr


def test_a_narrow_terminal_takes_a_table_in_parts_and_nothing_stays_of_it() -> None:
    wide = [["name", "a" * 30, "b" * 30], ["x", "1", "2"]]
    whole = aligned(wide)
    with fitted(50):
        assert max(map(len, aligned(wide))) <= 50
        assert max(map(len, aligned(wide, width=100))) <= 50
        assert max(map(len, wrapped("word " * 40))) <= 50
    assert aligned(wide) == whole
