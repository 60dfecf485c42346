"""The stored notebooks: executed from top to bottom, short cells, nothing of one's computer."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.books import NOTEBOOKS, SOLUTIONS, code_cells, identity, python, read, texts

LONGEST_CELL = 9
MOST_WORDS = 120  # of a cell: a screen's worth, for readers whose first language is another one
LONGEST_ALT = 400
WORDS_A_MINUTE = 120  # of a technical text in a second language; and a minute for each figure
BIGGEST_FILE = 7 * 2**18  # 1.75 MiB: six backends in seven charts, drawn as SVG
ABSOLUTE_PATH = re.compile(r"""(?<![\w<./:])/(?:home|root|tmp|usr|opt|Users|work|mnt)/|[A-Z]:\\""")
TERM = re.compile(r"(\[?)\*\*([\w()/ -]+?) · ([\uac00-\ud7a3A-Z][\uac00-\ud7a3A-Z ]*)\*\*")
KOREAN = re.compile(r"[\uac00-\ud7a3]")

each_notebook = pytest.mark.parametrize("path", [*NOTEBOOKS, *SOLUTIONS], ids=identity)
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
    assert all(40 < len(alt) <= LONGEST_ALT for alt in alts)


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
    assert "## Questions" in "".join(cell.source for cell in markdown[-4:])


def words(text: str) -> int:
    """Words that are read: the targets of links and the lines of tables are not."""
    return len(re.findall(r"\w[\w'’.,-]*", re.sub(r"\]\([^)]*\)", "]", text)))


@each_notebook
def test_no_text_is_longer_than_a_reader_keeps_in_mind(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert words(cell.source) <= MOST_WORDS, cell.source


@each_chapter
def test_the_reading_time_is_honest(path: Path) -> None:
    cells = read(path).cells
    text = "".join(cell.source for cell in cells if cell.cell_type == "markdown")
    minutes = words(text) / WORDS_A_MINUTE
    for cell in code_cells(path):
        shown = [kind for output in cell.outputs for kind in output.get("data", {})]
        minutes += "text/html" in shown and "live" not in cell.metadata.get("tags", [])
    (said,) = re.findall(r"Reading takes about (\d+) minutes, exercises", text)
    assert abs(int(said) - minutes) <= 5, minutes


@each_chapter
def test_each_korean_word_is_in_the_glossary_and_linked_at_its_first_use(path: Path) -> None:
    rows = (path.parent / "glossary.md").read_text().splitlines()
    glossary = {
        row.split(" | ")[1]: row.split(" | ")[0].strip("| ") for row in rows if " | " in row
    }
    seen = set()
    for cell in read(path).cells:
        for link, english, korean in TERM.findall(cell.source):
            assert glossary[korean][:4].lower() == english[:4].lower(), korean
            assert link or korean in seen
            seen.add(korean)


@each_chapter
def test_each_guess_and_each_panel_is_the_chapters_own(path: Path) -> None:
    code = "\n".join(cell.source for cell in code_cells(path))
    names = re.findall(r'notebook\.(?:guess|explore|task)\(\s*"(\d\d)', code)
    assert set(names) == {path.name[:2]}
    guesses = re.findall(r'notebook\.guess\(\s*"([^"]+)"', code)
    assert len(set(guesses)) == len(guesses)
    assert code.count("notebook.explore(") == 1


@each_chapter
def test_no_stored_output_holds_a_field_to_fill_in(path: Path) -> None:
    for cell in code_cells(path):
        for output in cell.outputs:
            assert not any("widget" in kind for kind in output.get("data", {})), cell.source


@each_chapter
def test_each_chapter_is_listed_for_its_readers(path: Path) -> None:
    assert path.name in (path.parent / "README.md").read_text()
    assert path.name in (path.parents[1] / "README.md").read_text()
