"""What the guesses take for granted: the counts in their questions, and that each answer which is
one of several texts can be chosen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labkit.experiments.benchmark import published
from labkit.experiments.benchmark import stats as benchmark_stats
from labkit.experiments.isolation import stats as isolation_stats
from labkit.experiments.neighbours import stats as neighbours_stats
from labkit.experiments.table import load, load_run
from labkit.notebook.guesses import AXES
from tests.notebooks.books import NOTEBOOKS, code_cells, read, texts

UNIT = re.compile(r'notebook\.guess\(\s*"[^"]+",\s*"[^"]+",\s*[^,)]+,\s*"([^"]+)"')


def test_eleven_published_start_times_are_judged_and_twelve_things_are_tried() -> None:
    run, figures = load_run("first-comparison"), published.load()
    judged = benchmark_stats.beside(figures, benchmark_stats.comparable(run, figures))
    assert (judged["quantity"] == "startup").sum() == 11
    table = isolation_stats.matrix(load("isolation").answers)
    tried = table[table["section"] == "what it may do"]
    assert set(tried.groupby("backend").size()) == {12}


def test_the_neighbour_that_wants_more_than_its_limit_is_refused_each_time() -> None:
    table = neighbours_stats.neighbours_work(load("neighbours").trials)
    wants = table[(table["kind"] == "memory") & (table["condition"] == "limited")]
    assert len(wants) == 3
    assert (wants["refused"] > 0).all() and (wants["median_mib_per_s"] == 0).all()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_answer_that_is_a_text_could_have_been_chosen(path: Path) -> None:
    cells = code_cells(path)
    code = "\n".join(cell.source for cell in cells)
    for cell in cells:
        for found in re.findall(r"Your guess: \D[^.]*\. Measured: ([^.]+)\.", "".join(texts(cell))):
            assert f'"{found}"' in code
    # The code stands on the screen when the guess is asked for.
    assert not re.search(r'\.compared\(\s*["\']\w', code)
    assert set(UNIT.findall(code)) <= {*AXES, " min"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_who_is_asked_to_predict_has_a_field(path: Path) -> None:
    """Between "Predict first" and the next text."""
    asked = ""
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert not asked, asked
            asked = cell.source if "**Predict first" in cell.source else ""
        elif "notebook.guess(" in cell.source:
            asked = ""
