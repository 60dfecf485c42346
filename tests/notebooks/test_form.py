"""The stored notebooks: executed from top to bottom, short cells, nothing of one's computer."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.books import NOTEBOOKS, SOLUTIONS, code_cells, python, read, texts

LONGEST_CELL = 9
BIGGEST_FILE = 3 * 2**19  # 1.5 MiB: six backends in six charts, drawn as SVG
ABSOLUTE_PATH = re.compile(r"""(?<![\w<./:])/(?:home|root|tmp|usr|opt|Users|work|mnt)/|[A-Z]:\\""")
KOREAN = re.compile(r"[\uac00-\ud7a3]")

each_notebook = pytest.mark.parametrize(
    "path", [*NOTEBOOKS, *SOLUTIONS], ids=lambda path: path.stem
)
each_chapter = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


class Images(HTMLParser):
    """The alt text of each image ("" where there is none)."""

    def __init__(self) -> None:
        super().__init__()
        self.alts: list[str] = []
        self.folded = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.alts.append(dict(attrs).get("alt") or "")
        self.folded += tag == "details"


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@each_notebook
def test_it_was_executed_from_top_to_bottom_in_one_go(path: Path) -> None:
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_each_cell_that_ends_in_an_expression_has_its_output(path: Path) -> None:
    for cell in code_cells(path):
        body = python(cell).body
        if not body or isinstance(body[-1], ast.Expr):
            assert cell.outputs, cell.source


@each_notebook
def test_no_cell_failed_or_complained(path: Path) -> None:
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text


@each_notebook
def test_cells_are_short_and_define_nothing(path: Path) -> None:
    for cell in code_cells(path):
        assert len(cell.source.splitlines()) <= LONGEST_CELL, cell.source
        kinds = {type(node) for node in ast.walk(python(cell))}
        assert not kinds & {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda}


@each_notebook
def test_nothing_in_it_belongs_to_one_computer(path: Path) -> None:
    for cell in read(path).cells:
        shown = [cell.source, *(texts(cell) if cell.cell_type == "code" else [])]
        for text in shown:
            assert not ABSOLUTE_PATH.search(text), text[:300]


@each_chapter
def test_each_picture_has_words_and_a_folded_table(path: Path) -> None:
    alts: list[str] = []
    for cell in code_cells(path):
        assert not any("image/png" in output.get("data", {}) for output in cell.outputs)
        for text in texts(cell):
            found = Images()
            found.feed(text)
            assert found.folded == len(found.alts)
            alts += found.alts
    assert alts
    assert all(len(alt) > 40 for alt in alts)


@each_notebook
def test_its_metadata_are_stable(path: Path) -> None:
    notebook = read(path)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert dict(notebook.metadata.language_info) == {"name": "python"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    assert path.stat().st_size < BIGGEST_FILE


@each_chapter
def test_it_begins_with_a_question_and_names_terms_in_korean(path: Path) -> None:
    markdown: list[Any] = [cell for cell in read(path).cells if cell.cell_type == "markdown"]
    assert markdown[0].source.startswith("# ")
    assert "?" in markdown[0].source
    assert KOREAN.search("".join(cell.source for cell in markdown))
    assert "## Questions" in markdown[-1].source


@each_chapter
def test_no_stored_output_holds_a_field_to_fill_in(path: Path) -> None:
    for cell in code_cells(path):
        for output in cell.outputs:
            assert not any("widget" in kind for kind in output.get("data", {})), cell.source


@each_chapter
def test_each_chapter_is_listed_for_its_readers(path: Path) -> None:
    assert path.name in (path.parent / "README.md").read_text()
    assert path.name in (path.parents[1] / "README.md").read_text()
