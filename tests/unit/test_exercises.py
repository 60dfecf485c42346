from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from labkit import notebook
from labkit.course import EXERCISES, Exercise, work
from labkit.errors import UsageError
from labkit.notebook import check, exercises, given
from labkit.system import owned_files


@pytest.fixture(autouse=True)
def at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A student in a folder of their own."""
    monkeypatch.delenv("LAB_WIDGETS", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> str:
    """An exercise whose answer is 4."""
    exercise = Exercise(lambda n: "" if n * 1 == 4 else "it is even", ("think", "count to 4"))
    monkeypatch.setitem(EXERCISES, "x", exercise)
    monkeypatch.setattr(exercises, "_attempts", type(exercises._attempts)())
    return "x"


def test_no_answer_yet_is_no_attempt_and_a_hint_comes_after_one(double: str) -> None:
    for _ in range(3):
        assert "Not answered yet" in repr(check(double, ...))
        assert "think" not in repr(check(double, ...))
    assert repr(check(double, 3)).endswith("A hint: think")


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


def test_answers_are_kept_and_a_right_one_stays(double: str) -> None:
    for answer in (3, np.int64(4), 5):
        check(double, answer)
    assert work.read().answers == {"x": work.Attempt(answer=4, tries=2, right=True)}


@pytest.mark.parametrize("answer", [float("nan"), float("inf"), "1e999", "", b"x", 10**400, {1: 2}])
def test_whatever_is_answered_gets_a_sentence(answer: object) -> None:
    assert "Try again" in repr(check("04-day", answer))
    assert work.read().answers["04-day"].tries == 1


def test_numbers_differ_from_student_to_student_and_stay_with_each() -> None:
    exercise = EXERCISES["03-density"]
    numbers = {exercise.number(seed) for seed in range(1, 40)}
    assert numbers == set(exercise.given)
    assert exercise.number(7) == exercise.number(7)
    assert {given("03-density") for _ in range(5)} == {exercise.number(work.read().seed)}
    assert f"{given('03-density')} GiB" in repr(check("03-density", ...))
    with pytest.raises(UsageError, match="same for all"):
        given("02-phase")


def test_stored_notebooks_have_the_first_number_and_keep_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LAB_WIDGETS", "0")
    assert given("03-density") == EXERCISES["03-density"].given[0]
    check("03-density", 1)
    assert not list(tmp_path.iterdir())


def test_what_was_divided_by_the_wrong_thing_is_named() -> None:
    reasons = EXERCISES["04-day"].reason(2, None), EXERCISES["04-day"].reason(1.31, None)
    assert reasons[0] == "that is too little" and reasons[1] == "this is for one machine"


def test_in_a_folder_that_cannot_be_written_it_works_without_being_kept(
    monkeypatch: pytest.MonkeyPatch, double: str
) -> None:
    def refuse(path: Path, text: str) -> None:
        raise PermissionError(13, "no", str(path))

    monkeypatch.setattr(owned_files, "write_whole", refuse)
    assert given("03-density") == EXERCISES["03-density"].given[0]
    assert not check(double, 3).right and check(double, 4).right
    guess = notebook.guess("x", "?", 1).commit(5)
    assert guess.committed == 5 and "Your guess: 5." in repr(guess.compared(6))
