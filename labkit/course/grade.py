"""What a class has handed in, as one table.

Why neither otter-grader nor nbgrader: both execute what students wrote, cell by cell, to find out
whether it is right, and both want their own cells in the notebooks. Here an answer is a value, the
judge of each exercise needs nothing but that value and the student's seed, and both are in one
small file. So nothing of a student's is executed, and a class is graded in seconds. What is
believed is the answer, never the file's own word that it is right; a task, whose container is
gone, is the only thing taken as it is told.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from labkit import text_table
from labkit.course import EXERCISES, work
from labkit.course.student import source
from labkit.course.tasks import TASKS
from labkit.errors import LabError, UsageError

ASKED = re.compile(r'notebook\.guess\(\s*"([^"]+)"')


@dataclass(frozen=True)
class Grade:
    """One thing of one student. result: right, wrong, done, guessed, or missing; why: what the
    judge says of a wrong answer, why a guess does not count, or why there is no file."""

    student: str
    seed: int | None
    chapter: str
    kind: str
    name: str
    answer: str
    tries: int | None
    result: str
    why: str = ""


def grades(folder: Path) -> list[Grade]:
    """Of each folder in a folder: its name is the student's. UsageError where there is none."""
    students = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    if not students:
        raise UsageError(
            f"there is nothing to grade in {folder}",
            details=f"a student's work is a folder with {work.FILE} in it, such as "
            f"{folder.name}/kim/{work.FILE}",
            resolution="put the folders of the students into one, and name that",
        )
    asked = guesses_asked()
    return [grade for student in students for grade in _of(student, asked)]


def guesses_asked() -> dict[str, str]:
    """The guesses that the chapters ask for: name → the cell that asks."""
    cells = [
        "".join(cell["source"])
        for path in source().glob("*.ipynb")
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]
    return {name: cell for cell in cells for name in ASKED.findall(cell)}


def _of(folder: Path, asked: dict[str, str]) -> Iterable[Grade]:
    """The file may lie in the folder itself or in one below it, as students zip it."""
    files = sorted(folder.rglob(work.FILE))
    if len(files) != 1:
        why = f"{len(files)} files {work.FILE}" if files else f"no {work.FILE}"
        return [Grade(folder.name, None, "", "file", work.FILE, "", None, "missing", why)]
    try:
        done = work.read(files[0].parent)
    except LabError as error:
        why = f"{error.brief}: {error.details}"
        return [Grade(folder.name, None, "", "file", work.FILE, "", None, "missing", why)]
    return [
        *_guesses(folder.name, done, asked),
        *_exercises(folder.name, done),
        *_tasks(folder.name, done),
    ]


def _guesses(student: str, done: work.Work, asked: dict[str, str]) -> Iterable[Grade]:
    """A guess that the notebook cannot have written was written into the file by hand."""
    for name, value in sorted(done.guesses.items()):
        why = _no_guess(value, asked[name]) if name in asked else "no chapter asks for it"
        result, said = "wrong" if why else "guessed", work.guess_text(value)
        yield Grade(student, done.seed, name[:2], "guess", name, said, 1, result, why)


def _no_guess(value: float | str, cell: str) -> str:
    if isinstance(value, str):
        return "" if f'"{value}"' in cell else "that could not be chosen"
    if "among=" in cell:
        return "that could not be chosen"
    return "" if value > 0 else "a guess must be above zero"


def _exercises(student: str, done: work.Work) -> Iterable[Grade]:
    for name, exercise in sorted(EXERCISES.items()):
        who = (student, done.seed, name[:2], "exercise", name)
        if (attempt := done.answers.get(name)) is None:
            yield Grade(*who, "", 0, "missing")
            continue
        why = exercise.reason(attempt.answer, done.seed)
        result = "wrong" if why else "right"
        yield Grade(*who, str(attempt.answer), attempt.tries, result, why)


def _tasks(student: str, done: work.Work) -> Iterable[Grade]:
    for name in TASKS:
        result = {True: "done", False: "wrong", None: "missing"}[done.tasks.get(name)]
        yield Grade(student, done.seed, name[:2], "task", name, "", None, result)


def table(given: list[Grade]) -> str:
    """A row for each student, and below it what should be looked at."""
    rows = [["student", "guesses", "right", "wrong", "missing", "tasks done", "tries"]]
    students = dict.fromkeys(grade.student for grade in given)
    for student in students:
        own = [grade for grade in given if grade.student == student]
        count = Counter((grade.kind, grade.result) for grade in own)
        tries = sum(grade.tries or 0 for grade in own if grade.kind == "exercise")
        counts = [count["guess", "guessed"]]
        counts += [count["exercise", result] for result in ("right", "wrong", "missing")]
        rows.append([student, *map(str, [*counts, count["task", "done"], tries])])
    return "\n".join([*text_table.aligned(rows, right=range(1, 7)), *_remarks(given)])


def _remarks(given: list[Grade]) -> Iterable[str]:
    for grade in given:
        if grade.kind == "file":
            yield f"{grade.student}: {grade.why}"
    seeds: dict[int, set[str]] = {}
    for grade in given:
        if grade.seed is not None:
            seeds.setdefault(grade.seed, set()).add(grade.student)
    for seed, students in seeds.items():
        if len(students) > 1:
            yield f"the same seed {seed}: {', '.join(sorted(students))}. Is one a copy?"


def as_csv(given: list[Grade]) -> str:
    """Each thing of each student in a row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Grade)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _cell(v) for k, v in asdict(grade).items()} for grade in given)
    return text.getvalue()


def _cell(value: object) -> object:
    """A student's text that a spreadsheet would take for a formula is one no more."""
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if is_formula and not _is_number(str(value)) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
