"""The students' notebooks: the same cells, nothing put out, no solutions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from labkit.course import student
from labkit.errors import UsageError


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def write(notebook: Any, path: Path) -> None:
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def test_they_are_the_notebooks_without_outputs_and_without_solutions(tmp_path: Path) -> None:
    made = student.make(tmp_path / "student")
    names = {path.name for path in student.source().glob("*.ipynb")}
    assert {path.name for path in (tmp_path / "student").rglob("*")} == names
    for path in made:
        copy, original = read(path), read(student.source() / path.name)
        assert [cell.source for cell in copy.cells] == [cell.source for cell in original.cells]
        assert [cell.metadata for cell in copy.cells] == [cell.metadata for cell in original.cells]
        for cell in copy.cells:
            assert not cell.get("outputs") and not cell.get("execution_count")


def test_made_anew_they_are_the_same(tmp_path: Path) -> None:
    first = {path: path.read_bytes() for path in student.make(tmp_path)}
    assert {path: path.read_bytes() for path in student.make(tmp_path)} == first


def test_what_somebody_has_worked_in_is_not_lost(tmp_path: Path) -> None:
    path = student.make(tmp_path)[0]
    worked_in = read(path)
    next(cell for cell in worked_in.cells if cell.cell_type == "code").execution_count = 1
    write(worked_in, path)
    before = {copy: copy.read_bytes() for copy in tmp_path.iterdir()}
    with pytest.raises(UsageError, match=path.name):
        student.make(tmp_path)
    assert {copy: copy.read_bytes() for copy in tmp_path.iterdir()} == before


def test_without_notebooks_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no notebooks"):
        student.make(tmp_path / "out", tmp_path)
    assert not (tmp_path / "out").exists()
