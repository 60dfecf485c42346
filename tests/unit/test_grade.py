"""A class is graded by what it answered, and not by what its files say of themselves."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from labkit.course import EXERCISES, grade, work
from labkit.errors import UsageError


def hand_in(folder: Path, **parts: object) -> None:
    folder.mkdir(parents=True)
    done = work.Work.model_validate({"seed": 7, **parts})
    (folder / work.FILE).write_text(done.model_dump_json())


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    mine = EXERCISES["09-head"].number(7)
    assert mine is not None
    right = {"09-head": {"answer": 1024 / mine, "tries": 3, "right": True}}
    liar = {"09-head": {"answer": 1, "right": True}, "02-phase": {"answer": "=1+1", "right": True}}
    hand_in(tmp_path / "kim", answers=right, guesses={"02-own": 0.5}, tasks={"06-noisy": True})
    hand_in(tmp_path / "lee" / "notebooks", answers=liar)
    hand_in(tmp_path / "park", seed=8, tasks={"06-noisy": False})
    (tmp_path / "choi").mkdir()
    (tmp_path / "jung").mkdir()
    (tmp_path / "jung" / work.FILE).write_text("{")
    return tmp_path


def test_answers_are_judged_anew_with_the_students_own_number(handed_in: Path) -> None:
    given = {(g.student, g.name): g for g in grade.grades(handed_in)}
    assert (given["kim", "09-head"].result, given["kim", "09-head"].tries) == ("right", 3)
    assert given["lee", "09-head"].result == "wrong" and given["lee", "09-head"].why
    assert given["park", "09-head"].result == "missing"
    assert [given[s, "06-noisy"].result for s in ("kim", "lee", "park")] == [
        "done",
        "missing",
        "wrong",
    ]


def test_the_table_has_a_row_a_student_and_names_what_to_look_at(handed_in: Path) -> None:
    text = grade.table(grade.grades(handed_in))
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()[1:6]}
    assert rows["kim"] == ["1", "1", "0", str(len(EXERCISES) - 1), "1", "3"]
    assert rows["lee"][1:3] == ["0", "2"]
    assert "choi: no my-work.json" in text and "jung: my-work.json cannot be read" in text
    assert "the same seed 7: kim, lee" in text


def test_each_answer_is_a_row_of_the_file_and_none_is_a_formula(handed_in: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(grade.as_csv(grade.grades(handed_in)))))
    assert {row["student"] for row in rows} == {"kim", "lee", "park", "choi", "jung"}
    (phase,) = [r for r in rows if (r["student"], r["name"]) == ("lee", "02-phase")]
    assert phase["answer"] == "'=1+1"


def test_only_guesses_that_were_asked_for_and_can_be_committed_count(tmp_path: Path) -> None:
    numbers = {"02-own": 0.5, "02-spread": 0.0, "02-resumed": -1.0, "02-invented": 1.0}
    guesses = {**numbers, "05-store": "python", "05-drift": "written by hand"}
    hand_in(tmp_path / "kim", guesses=guesses)
    given = [g for g in grade.grades(tmp_path) if g.kind == "guess"]
    assert {g.name for g in given if g.result == "guessed"} == {"02-own", "05-store"}
    assert all(bool(g.why) == (g.result == "wrong") for g in given)
    assert grade.table(given).splitlines()[1].split()[:2] == ["kim", "2"]


def test_nobody_has_tried_less_than_never(tmp_path: Path) -> None:
    hand_in(tmp_path / "kim", answers={"09-head": {"answer": 1, "tries": 2}})
    path = tmp_path / "kim" / work.FILE
    path.write_text(path.read_text().replace('"tries":2', '"tries":-2'))
    (found,) = grade.grades(tmp_path)
    assert found.result == "missing" and "cannot be read" in found.why


@pytest.mark.parametrize("name", ["nothing", "file", "empty"])
def test_a_folder_without_students_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="nothing to grade"):
        grade.grades(tmp_path / name)
