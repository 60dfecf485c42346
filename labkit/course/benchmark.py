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


def shown(answer: Any) -> str:
    """For which backend do these runs show that its start is slower on the busy computer?"""
    table = stats.compare(recorded("quiet"), recorded("busy"))
    mine = table[table["quantity"] == "startup_s"].set_index("backend")["low_ratio"]
    if answer not in mine.index:
        return "it is the name of one of the backends of both runs"
    return "" if mine[answer] > 1 else "its interval holds 1: these trials cannot tell"


EXERCISES = {
    "09-head": Exercise(
        head,
        (
            "how many such blocks does it take until one unit is done?",
            "a MiB has 1024 KiB, and an operation does 4 of them",
        ),
    ),
    "09-shown": Exercise(
        shown,
        (
            "look at the column B / A of the rows called startup, and there at the brackets",
            "a large ratio shows nothing as long as its interval reaches down to 1 or below",
        ),
    ),
}
