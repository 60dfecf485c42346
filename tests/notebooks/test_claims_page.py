"""The claims page: each sentence of the note has a verdict, and the data still say so."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from labkit.course import claims
from labkit.course.claims.finding import HOLDS, NOT, UNMEASURED, VERDICTS, WHEN
from tests.notebooks.books import NOTEBOOKS, ROOT, code_cells, texts

CHAPTER = ROOT / "notebooks" / "10-the-claims.ipynb"
# What was judged of each kind but `holds`; a recording that changes one needs another look.
EXPECTED = {
    NOT: {
        *("docker-paas", "container-package", "type1-boot", "container-kubernetes"),
        *("cli-terminal", "containerd-life"),
    },
    UNMEASURED: {
        *("paas-cost", "paas-productivity", "paas-scaling", "paas-guaranteed"),
        *("type1-setup", "container-portable", "gain-cycle"),
    },
    WHEN: {
        *("docker-convenient", "paas-code", "container-how-docker", "docker-isolated"),
        *("docker-minimal", "image-complete", "hosted-products", "type1-fast", "container-how"),
        *("container-unaffected", "gain-speed", "gain-complete", "gain-setup"),
    },
}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return claims.table()


def test_each_sentence_has_its_function_and_each_function_its_sentence(table: pd.DataFrame) -> None:
    assert list(table["id"]) == list(dict.fromkeys(table["id"])) and len(table) > 45
    assert set(table["id"]) == set(claims.FINDINGS)
    assert set(table["section"]) == {f"1-{n}" for n in range(1, 6)}


def test_the_verdicts_are_what_was_read_off_the_recordings(table: pd.DataFrame) -> None:
    for verdict, names in EXPECTED.items():
        assert set(table.loc[table["verdict"] == verdict, "id"]) == names
    assert set(table["verdict"]) == set(VERDICTS)
    assert (table["verdict"] == HOLDS).sum() == len(table) - sum(map(len, EXPECTED.values()))


def test_a_condition_stands_where_it_is_meant_and_a_figure_everywhere(table: pd.DataFrame) -> None:
    assert ((table["when"] != "") == (table["verdict"] == WHEN)).all()
    assert table["figure"].str.len().min() > 20
    assert not table["figure"].str.contains(r"\bnan\b").any()


def test_both_languages_and_a_chapter_that_exists(table: pd.DataFrame) -> None:
    assert table["korean"].str.contains("[\uac00-\ud7a3]").all()
    assert table["english"].str.isascii().mean() > 0.9
    assert set(table["chapter"]) <= {path.name[:2] for path in NOTEBOOKS}


def test_the_page_shows_every_sentence(table: pd.DataFrame) -> None:
    shown = "".join("".join(texts(cell)) for cell in code_cells(CHAPTER))
    for name in table["id"]:
        assert f"<code>{name}</code>" in shown


def test_what_the_chapter_says_of_the_counts(table: pd.DataFrame) -> None:
    """Most hold, every fourth has a condition, and 1-1 has most that could not be measured."""
    share: Any = table["verdict"].value_counts(normalize=True)
    assert 0.2 < share[WHEN] < 0.3 and share[HOLDS] + share[WHEN] > 0.6
    unmeasured = table[table["verdict"] == UNMEASURED]
    assert unmeasured["section"].value_counts().idxmax() == "1-1"
    goods = table[(table["section"] == "1-4") & (table["verdict"] != UNMEASURED)]
    assert goods["verdict"].isin([HOLDS, WHEN]).all()
    assert (goods["verdict"] == WHEN).mean() == 0.5


def test_the_columns_are_in_the_data_dictionary(table: pd.DataFrame) -> None:
    text = (ROOT / "data/README.md").read_text().partition("## claims.csv")[2]
    for column in table.columns:
        assert f"`{column}`" in text
