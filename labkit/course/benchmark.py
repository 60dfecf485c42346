"""The exercises of 09-your-own-benchmark."""

from __future__ import annotations

from typing import Any

from labkit import stats
from labkit.course.exercise import Exercise
from labkit.course.judging import direction, near
from labkit.course.recorded import recorded

BLOCK_BYTES, UNIT_BYTES = 4 * 2**10, 2**20


def head(answer: Any) -> str:
    """What stands behind ops-per-unit, where an operation is a block of 4 KiB, the unit a MiB?"""
    truth = UNIT_BYTES / BLOCK_BYTES
    if near(answer, truth, part=0):
        return ""
    if near(answer, 1 / truth, part=0):
        return "this is how many units an operation is; how many operations make a unit?"
    return direction(answer, truth)


def slower(answer: Any) -> str:
    """Whose start suffers most from a busy computer, in multiples of the quiet one?"""
    table = stats.compare(recorded("quiet"), recorded("busy"))
    mine = table[table["quantity"] == "startup_s"].set_index("backend")["median_ratio"]
    if answer not in mine.index:
        return "it is the name of one of the backends of both runs"
    return "" if answer == mine.idxmax() else "the start of another one became slower by more"


EXERCISES = {
    "09-head": Exercise(
        head,
        (
            "how many such blocks does it take until one unit is done?",
            "a MiB has 1024 KiB, and an operation does 4 of them",
        ),
    ),
    "09-slower": Exercise(
        slower,
        (
            "look at the column B / A of the rows called startup",
            "the same column is median_ratio in stats.compare; take the largest",
        ),
    ),
}
