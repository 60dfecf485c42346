"""The exercises of 08-paas."""

from __future__ import annotations

from typing import Any

import pandas as pd

from labkit.course.exercise import exercise, number, recorded
from labkit.experiments.deployment import stats

MACHINE, CONTAINER, PLATFORM = "IaaS", "containers", "PaaS"
WAIT = "wait until the app answers"


def _steps() -> pd.DataFrame:
    return recorded("deployment").steps


def _of(column: str) -> pd.Series:
    """Model → its figure."""
    return stats.deployments(_steps()).set_index("model")[column]


@exercise(
    "08-lines",
    "the table `compared` has the columns lines and app_lines",
    "take the row of the virtual machine, and one column from the other",
)
def lines(answer: Any) -> str:
    """How many lines does the machine's user write besides the app itself?"""
    whole, app = _of("lines")[MACHINE], _of("app_lines")[MACHINE]
    return number(answer, whole - app, (whole, "the app's own lines are in this"), part=0)


@exercise(
    "08-burden",
    "the table `compared` has the column bytes; look at the rows of two of the methods",
    "divide what the container's user supplies by what the platform's user does",
)
def burden(answer: Any) -> str:
    """How many times the platform's bytes does the container's user supply?"""
    table = _of("bytes")
    truth, machine = (table[model] / table[PLATFORM] for model in (CONTAINER, MACHINE))
    return number(
        answer,
        truth,
        (machine, "this is the machine's, and the container's is asked for"),
        (1 / truth, "the other way round: the container in multiples of the platform"),
    )


@exercise(
    "08-waiting",
    "the frame `steps` has a row for each step of each trial, with title and seconds",
    "in each trial, divide the seconds of the last step by those of all; then the median",
)
def waiting(answer: Any) -> str:
    """What part of the machine's time is nothing but waiting for it, in percent (medians)?"""
    steps = _steps()[_steps()["model"] == MACHINE]
    whole = steps.groupby("trial")["seconds"].sum()
    waited = steps[steps["title"] == WAIT].set_index("trial")["seconds"]
    truth = 100 * float((waited / whole).median())
    return number(answer, truth, (truth / 100, "in percent, please"), part=0.05)
