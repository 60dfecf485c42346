"""The exercises of 09-your-own-benchmark."""

from __future__ import annotations

from typing import Any

from labkit.course.exercise import exercise, number, recorded
from labkit.experiments.benchmark import stats

KIB, UNIT_BYTES = 2**10, 2**20


@exercise(
    "09-head",
    "how many such blocks does it take until one unit is done?",
    "a MiB has 1024 KiB, and an operation does one block of them",
    given=(4, 8, 16, 32, 64),
)
def head(answer: Any, block_kib: int) -> str:
    """An operation of your workload reads a block of {given} KiB, and MiB shall be counted. Which
    number stands behind `ops-per-unit`?"""
    truth = UNIT_BYTES / (block_kib * KIB)
    other = "this is how many units an operation is; how many operations make a unit?"
    return number(answer, truth, (1 / truth, other), part=0)


@exercise(
    "09-shown",
    "look at the column B / A of the rows called startup, and there at the brackets",
    "a large ratio shows nothing as long as its interval reaches down to 1 or below",
)
def shown(answer: Any) -> str:
    """For which backend do these runs show that its start is slower on the busy computer?"""
    table = stats.compare(recorded("quiet"), recorded("busy"))
    low = table[table["quantity"] == "startup_s"].set_index("backend")["low_ratio"]
    if answer not in low.index:
        return "it is the name of one of the backends of both runs"
    return "" if low[answer] > 1 else "its interval holds 1: these trials cannot tell"
