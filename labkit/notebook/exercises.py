"""Exercises that check an answer: they say "try again" and why, and never the answer itself.

Each chapter's exercises are in labkit/course.
"""

from __future__ import annotations

from collections import Counter
from types import EllipsisType
from typing import Any

from labkit.course import EXERCISES, Exercise
from labkit.errors import UsageError


class Verdict:
    """What a check shows."""

    def __init__(self, text: str, *, right: bool) -> None:
        self.right = right
        self._text = text

    def __repr__(self) -> str:
        return self._text


_attempts: Counter[str] = Counter()


def check(name: str, answer: Any | EllipsisType) -> Verdict:
    """Checks an answer; `...` is no answer yet. UsageError when there is no such exercise."""
    if name not in EXERCISES:
        raise UsageError(f"there is no exercise {name!r}", details=f"there are: {_names()}")
    exercise = EXERCISES[name]
    if answer is ...:
        return Verdict(
            f"Not answered yet. Put your answer in place of the dots.\nA hint: {exercise.hints[0]}",
            right=False,
        )
    reason = _judged(exercise, answer)
    if not reason:
        return Verdict("Right.", right=True)
    _attempts[name] += 1
    hint = exercise.hints[min(_attempts[name], len(exercise.hints)) - 1]
    return Verdict(f"Try again: {reason}\nA hint: {hint}", right=False)


def _judged(exercise: Exercise, answer: Any) -> str:
    """An answer of a kind that the judge cannot deal with is not right either."""
    try:
        return exercise.judge(answer)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        return f"this is no answer of the kind that is asked for ({error})"


def _names() -> str:
    return ", ".join(EXERCISES)
