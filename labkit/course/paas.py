"""The exercises of 08-paas."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from labkit import kept, stats
from labkit.course.exercise import Exercise
from labkit.course.judging import direction, near

MACHINE, CONTAINER, PLATFORM = "IaaS", "containers", "PaaS"
WAIT = "wait until the app answers"


@cache
def _steps() -> pd.DataFrame:
    return kept.load("deployments").tables["steps"]


def _of(column: str) -> pd.Series:
    """Model → its figure."""
    return stats.deployments(_steps()).set_index("model")[column]


def lines(answer: Any) -> str:
    """How many lines does the machine's user write besides the app itself?"""
    whole, app = _of("lines")[MACHINE], _of("app_lines")[MACHINE]
    truth = whole - app
    if near(answer, truth, part=0):
        return ""
    if near(answer, whole, part=0):
        return "the app's own lines are in this"
    return direction(answer, truth)


def burden(answer: Any) -> str:
    """How many times the platform's bytes does the container's user supply?"""
    table = _of("bytes")
    truth = table[CONTAINER] / table[PLATFORM]
    if near(answer, truth):
        return ""
    if near(answer, table[MACHINE] / table[PLATFORM]):
        return "this is the machine's, and the container's is asked for"
    if near(answer, 1 / truth):
        return "the other way round: the container in multiples of the platform"
    return direction(answer, truth)


def waiting(answer: Any) -> str:
    """What part of the machine's time is nothing but waiting for it, in percent (medians)?"""
    mine = _steps()[_steps()["model"] == MACHINE]
    whole = mine.groupby("trial")["seconds"].sum()
    waited = mine[mine["title"] == WAIT].set_index("trial")["seconds"]
    truth = 100 * float((waited / whole).median())
    if near(answer, truth, part=0.05):
        return ""
    if near(answer, truth / 100, part=0.05):
        return "in percent, please"
    return direction(answer, truth)


EXERCISES = {
    "08-lines": Exercise(
        lines,
        (
            "the table `compared` has the columns lines and app_lines",
            "take the row of the virtual machine, and one column from the other",
        ),
    ),
    "08-burden": Exercise(
        burden,
        (
            "the table `compared` has the column bytes; look at the rows of two of the ways",
            "divide what the container's user supplies by what the platform's user does",
        ),
    ),
    "08-waiting": Exercise(
        waiting,
        (
            "the frame `steps` has a row for each step of each trial, with title and seconds",
            "in each trial, divide the seconds of the last step by those of all; then the median",
        ),
    ),
}
