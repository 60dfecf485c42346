"""What an exercise is, and what most of its judges do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import isfinite
from random import Random
from typing import Any

import pandas as pd

from labkit.experiments.table import load
from labkit.recordings.reader import Recording

ROUNDING = 0.02  # so far may an answer be rounded


@dataclass(frozen=True)
class Exercise:
    """judge: answer → why it is not right yet, "" when it is. hints: one more at each attempt.

    given: the numbers of which each student has one, which the judge gets besides the answer; the
    first is that of the stored notebooks. In the question {given} stands for it.
    """

    judge: Callable[..., str]
    hints: tuple[str, ...]
    given: tuple[int, ...] = ()
    question: str = ""

    def reason(self, answer: Any, seed: int | None) -> str:
        """Why an answer is not right for this seed, "" when it is. One of a kind that the judge
        cannot deal with is not right either."""
        number = self.number(seed)
        try:
            return self.judge(answer) if number is None else self.judge(answer, number)
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            return f"this is no answer of the kind that is asked for ({error})"

    def number(self, seed: int | None) -> int | None:
        """The number of the student with this seed (None: of the stored notebooks); None where the
        exercise is the same for all."""
        if not self.given:
            return None
        if seed is None:
            return self.given[0]
        # The same for a seed on every computer; it need not be hard to foresee.
        return Random(f"{seed} {self.judge.__name__}").choice(self.given)  # noqa: S311


EXERCISES: dict[str, Exercise] = {}


def exercise(
    name: str, *hints: str, given: tuple[int, ...] = ()
) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Enters the judge below it: its docstring is the question."""

    def enter(judge: Callable[..., str]) -> Callable[..., str]:
        question = " ".join((judge.__doc__ or "").split())
        EXERCISES[name] = Exercise(judge, hints, given, question)
        return judge

    return enter


@cache
def recorded(name: str = "first-comparison") -> Recording[Any]:
    """A recording that the chapters show: what is right is computed from it, never written down,
    so that it stays right when it is recorded anew."""
    return load(name)


def near(answer: Any, truth: float, *, part: float = ROUNDING) -> bool:
    """Whether a number is the truth, but for rounding."""
    return abs(float(answer) - truth) <= part * abs(truth)


def number(answer: Any, truth: float, *mistakes: tuple[float, str], part: float = ROUNDING) -> str:
    """Judges a number: (what a likely mistake comes to, what to say of it); where it is none of
    them, which way to look, and nothing about how far."""
    if not isfinite(float(answer)):
        return "this is no number that a measurement can have"
    for value, words in ((truth, ""), *mistakes):
        if near(answer, value, part=part):
            return words
    return "that is too much" if float(answer) > truth else "that is too little"


def largest(answer: Any, values: pd.Series, unknown: str, another: str) -> str:
    """Judges the name of the largest value."""
    if answer not in values.index:
        return unknown
    return "" if answer == values.idxmax() else another
