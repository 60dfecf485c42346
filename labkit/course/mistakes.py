"""The exercises of 13-five-published-mistakes."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from labkit.course.exercise import exercise, number, recorded
from labkit.experiments.mistakes import stats

ARMS = ("as published", "put right")


@cache
def _ratios() -> pd.DataFrame:
    return stats.ratios(recorded("mistakes").figures).set_index(["mistake", "arm"])


@exercise(
    "13-blocks",
    "the rows with the number 1 have median_ratio twice: as published, and put right",
    "divide the ratio that is put right by the one that was published",
)
def blocks(answer: Any) -> str:
    """In the first mistake, by which factor does the right ratio differ from the published one?"""
    wrong, right = (_ratios()["median_ratio"]["blocks", arm] for arm in ARMS)
    truth = float(right / wrong)
    return number(answer, truth, (1 / truth, "the other way round: published in place of right"))


@exercise(
    "13-clock",
    "machine_median of the fourth mistake's row that is put right is in seconds",
    "divide it by the container's time, in the same unit",
    given=(120, 180, 250, 400),
)
def clock(answer: Any, milliseconds: int) -> str:
    """A container of yours needs {given} ms from the request until it is ready. How many times as
    long does this recording's machine need, by the same clock?"""
    wrong, right = (
        float(_ratios()["machine_median"]["kernel", arm]) * 1000 / milliseconds for arm in ARMS
    )
    return number(
        answer,
        right,
        (wrong, "that is the machine's time by its kernel's own clock, which begins later"),
        (1 / right, "the other way round: your container in multiples of the machine"),
        (right / 1000, "one is in seconds, the other in milliseconds"),
    )
