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
        assert [unfolded(cell.source) for cell in copy.cells] == [
            cell.source for cell in original.cells
        ]
        assert [cell.metadata for cell in copy.cells] == [cell.metadata for cell in original.cells]
        for cell in copy.cells:
            assert not cell.get("outputs") and not cell.get("execution_count")


def unfolded(text: str) -> str:
    before, after = student.FOLDED.split("{}")
    return text.removeprefix(before).removesuffix(after) if text.startswith(before) else text


def test_what_reads_an_answer_is_folded_until_it_was_guessed(tmp_path: Path) -> None:
    folded = {
        cell.id: cell.source.startswith("<details>")
        for path in student.make(tmp_path)
        if path.name.startswith("02")
        for cell in read(path).cells
    }
    assert folded["phases-read"] and folded["spread-read"] and folded["published-read"]
    assert not folded["milestones"] and not folded["live-read"]


def test_a_text_between_two_readings_unfolds_neither(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    v4: Any = nbformat.v4
    text, code = v4.new_markdown_cell, v4.new_code_cell
    cells = [
        code('notebook.guess("00-a", "How many?", 1)', id="a-guess"),
        text("### By parts", id="a-parts"),
        text("Twelve.", id="a-read"),
        text("## Another question", id="b-ask"),
        text("Nothing was asked.", id="b-read"),
    ]
    write(v4.new_notebook(cells=cells), tmp_path / "notebooks/a.ipynb")
    (path,) = student.make(tmp_path / "out", tmp_path / "notebooks")
    folded = {cell.id for cell in read(path).cells if cell.source.startswith("<details>")}
    assert folded == {"a-read"}


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


@pytest.mark.parametrize("work", ["a word in a text", "another cell", "no notebook any more"])
def test_nor_is_what_was_written_without_running_it(tmp_path: Path, work: str) -> None:
    path = student.make(tmp_path)[0]
    changed = read(path)
    if work == "a word in a text":
        changed.cells[0].source += " My answer: because."
    else:
        changed.cells.append(nbformat.v4.new_markdown_cell("mine"))  # type: ignore[no-untyped-call]
    write(changed, path)
    if work == "no notebook any more":
        path.write_text("notes")
    before = path.read_bytes()
    with pytest.raises(UsageError, match=path.name):
        student.make(tmp_path)
    assert path.read_bytes() == before


def test_a_copy_that_nobody_touched_follows_the_source(tmp_path: Path) -> None:
    """Saved by JupyterLab, with the metadata that it adds, and older than the notebooks."""
    (tmp_path / "notebooks").mkdir()
    source, out = tmp_path / "notebooks/a.ipynb", tmp_path / "out"
    cells = [nbformat.v4.new_code_cell("1"), nbformat.v4.new_markdown_cell("text")]  # type: ignore[no-untyped-call]
    write(nbformat.v4.new_notebook(cells=cells), source)  # type: ignore[no-untyped-call]
    (path,) = student.make(out, tmp_path / "notebooks")
    saved = read(path)
    saved.metadata["kernelspec"] = {"name": "python3", "display_name": "Python"}
    write(saved, path)
    newer = read(source)
    newer.cells[0].source = "2"
    write(newer, source)
    student.make(out, tmp_path / "notebooks")
    assert read(path).cells[0].source == "2"


def test_without_notebooks_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no notebooks"):
        student.make(tmp_path / "out", tmp_path)
    assert not (tmp_path / "out").exists()
