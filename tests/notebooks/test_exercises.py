"""The exercises: each is asked in its chapter, and answered in the solutions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labkit.course import EXERCISES
from labkit.course.tasks import TASKS
from tests.notebooks.books import NOTEBOOKS, SOLUTIONS, code_cells, texts

CHECK = re.compile(r'notebook\.check\("([\w-]+)", (.+)\)$')


def checks(path: Path) -> dict[str, tuple[str, str]]:
    """Exercise → the answer as it is written, and what came out."""
    found = {}
    for cell in code_cells(path):
        if call := CHECK.search(cell.source):
            found[call[1]] = (call[2], "".join(texts(cell)))
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_asks_its_own_and_answers_none(path: Path) -> None:
    asked = checks(path)
    assert set(asked) == {name for name in EXERCISES if name[:2] == path.name[:2]}
    assert len(asked) >= 2
    for answer, shown in asked.values():
        assert answer == "..."
        assert "Not answered yet" in shown


def test_the_solutions_answer_each_of_them() -> None:
    found = [checks(path) for path in SOLUTIONS]
    answered = {name: done for one in found for name, done in one.items()}
    assert len(answered) == sum(map(len, found)), "answered twice"
    assert set(answered) == set(EXERCISES)
    assert {shown for _, shown in answered.values()} == {"Right."}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_chapter_has_its_task_and_looks_at_nothing_while_recorded(path: Path) -> None:
    tasks = [cell for cell in code_cells(path) if "notebook.task(" in cell.source]
    names = [re.findall(r'notebook\.task\("([\w-]+)"\)$', cell.source)[0] for cell in tasks]
    assert names == [name for name in TASKS if name[:2] == path.name[:2]] and names
    assert all("LAB_MODE is recorded" in "".join(texts(cell)) for cell in tasks)
