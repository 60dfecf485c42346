from __future__ import annotations

import pytest

from labkit.course import EXERCISES, Exercise
from labkit.errors import UsageError
from labkit.notebook import check, exercises


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> str:
    """An exercise whose answer is 4."""
    exercise = Exercise(lambda n: "" if n * 1 == 4 else "it is even", ("think", "count to 4"))
    monkeypatch.setitem(EXERCISES, "x", exercise)
    monkeypatch.setattr(exercises, "_attempts", type(exercises._attempts)())
    return "x"


def test_no_answer_yet_is_no_attempt(double: str) -> None:
    for _ in range(3):
        assert repr(check(double, ...)).endswith("A hint: think")


def test_a_wrong_answer_has_a_reason_and_each_attempt_the_next_hint(double: str) -> None:
    shown = [repr(check(double, 3)) for _ in range(3)]
    assert all(text.startswith("Try again: it is even") for text in shown)
    assert [text.rpartition(": ")[2] for text in shown] == ["think", "count to 4", "count to 4"]


def test_the_right_answer_is_right(double: str) -> None:
    assert check(double, 4).right
    assert repr(check(double, 4)) == "Right."


def test_an_answer_of_another_kind_is_no_crash(double: str) -> None:
    assert "no answer of the kind" in repr(check(double, None))


def test_an_unknown_exercise_is_an_error() -> None:
    with pytest.raises(UsageError, match="no exercise 'nope'"):
        check("nope", 1)


def test_each_exercise_of_the_course_has_hints_and_refuses_nonsense() -> None:
    for name, exercise in EXERCISES.items():
        assert exercise.hints, name
        assert not check(name, object()).right, name
