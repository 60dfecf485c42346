"""Exercises that check an answer: they say "try again" and why, and never the answer itself.

Each chapter's exercises are in labkit/course.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from types import EllipsisType
from typing import Any

from labkit.course import EXERCISES, Exercise, work
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
    """Checks an answer, and keeps it with the student's work; `...` is no answer yet. A hint comes
    after a try. UsageError when there is no such exercise."""
    exercise = _exercise(name)
    mine = work.seed()
    number = exercise.number(mine)
    asked = exercise.question.format(given=number) + "\n" if number is not None else ""
    if answer is ...:
        return Verdict(f"{asked}Not answered yet: put it in place of the dots.", right=False)
    reason = exercise.reason(answer, mine)
    tries = _counted(name, answer, right=not reason)
    if not reason:
        return Verdict("Right.", right=True)
    hint = exercise.hints[min(tries, len(exercise.hints)) - 1]
    return Verdict(f"{asked}Try again: {reason}\nA hint: {hint}", right=False)


def given(name: str) -> int:
    """The student's own number of an exercise. UsageError where it has none."""
    if (number := _exercise(name).number(work.seed())) is None:
        raise UsageError(f"the exercise {name!r} is the same for all: it has no number of your own")
    return number


def _exercise(name: str) -> Exercise:
    if name not in EXERCISES:
        names = ", ".join(sorted(EXERCISES))
        raise UsageError(f"there is no exercise {name!r}", details=f"there are: {names}")
    return EXERCISES[name]


def _counted(name: str, answer: Any, *, right: bool) -> int:
    """How often it was tried. What is right stays in the student's work, whatever comes later."""
    _attempts[name] += 1
    if work.is_static():
        return _attempts[name]
    with suppress(work.NotKept):
        return _kept(name, answer, right=right)
    return _attempts[name]


def _kept(name: str, answer: Any, *, right: bool) -> int:
    before = work.read().answers.get(name, work.Attempt(tries=0))
    if before.right:
        return before.tries
    attempt = work.Attempt(answer=_plain(answer), tries=before.tries + 1, right=right)
    work.keep("answers", name, attempt)
    return attempt.tries


def _plain(answer: Any) -> Any:
    """An answer as JSON can hold it: numpy's numbers as Python's, several as a list."""
    if isinstance(answer, bool | int | str):
        return answer
    if hasattr(answer, "tolist"):
        return _plain(answer.tolist())
    if isinstance(answer, list | tuple | set | frozenset):
        return [_plain(one) for one in answer]
    try:
        return float(answer)
    except (TypeError, ValueError, OverflowError):
        return repr(answer)[:200]
