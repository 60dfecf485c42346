"""What chapter 13 says in words, held to the recording that it shows."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from labkit.experiments.mistakes import stats
from labkit.experiments.mistakes.pairs import MISTAKES
from labkit.experiments.table import load
from tests.notebooks.books import NOTEBOOKS, code_cells, python, read

(CHAPTER,) = (path for path in NOTEBOOKS if path.name.startswith("13"))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return stats.ratios(load("mistakes").figures).set_index(["mistake", "arm"])


def both(table: pd.DataFrame, mistake: str) -> tuple[float, float]:
    """The published ratio, and the right one."""
    ratio = table["median_ratio"]
    return ratio[mistake, "as published"], ratio[mistake, "put right"]


def test_the_figures_are_of_one_container_and_one_emulated_machine(table: pd.DataFrame) -> None:
    recording = load("mistakes")
    assert recording.manifest.plan.backends == ("docker", "qemu")
    assert set(table["engine"]) == {"tcg"} and recording.manifest.plan.repeats == 6


def test_other_blocks_turn_the_ratio_round(table: pd.DataFrame) -> None:
    published, right = both(table, "blocks")
    assert published < 1 < right
    assert right > 5 * published


def test_the_older_version_makes_the_machine_look_slower(table: pd.DataFrame) -> None:
    published, right = both(table, "versions")
    assert published > 1.15 * right > 1.15


def test_an_idle_container_takes_next_to_nothing_and_an_idle_machine_more(
    table: pd.DataFrame,
) -> None:
    published, right = both(table, "late")
    assert published < 0.2 and right > 0.5
    medians = table[["container_median", "machine_median"]]
    idle, busy = (medians.xs(("late", arm)) for arm in ("as published", "put right"))
    assert idle["container_median"] < 0.003 < idle["machine_median"] < 0.2
    assert busy["machine_median"] > 5 * idle["machine_median"]


def test_a_kernels_clock_tells_less_than_the_whole_start(table: pd.DataFrame) -> None:
    published, right = both(table, "kernel")
    assert 1.15 * right < published < 1
    seconds = table["machine_median"]
    assert seconds["kernel", "put right"] > seconds["kernel", "as published"]


def test_a_container_inside_the_machine_hides_the_difference(table: pd.DataFrame) -> None:
    published, right = both(table, "nested")
    assert 0.6 < published < 1.4 and right > 4


def test_some_mistakes_favour_the_machine_and_some_the_container(table: pd.DataFrame) -> None:
    higher = {name: both(table, name)[0] > both(table, name)[1] for name in ("blocks", "versions")}
    assert higher == {"blocks": False, "versions": True}


def test_no_code_that_asks_names_the_mistake() -> None:
    """It stands on the screen while a reader is asked."""
    for cell in code_cells(CHAPTER):
        if cell.id.endswith(("-published", "-guess", "-right")):
            assert not MISTAKES.keys() & set(re.findall(r"[a-z]+", cell.source)), cell.source


def test_each_of_the_five_is_asked_for_and_every_answer_can_be_chosen() -> None:
    (causes,) = (cell for cell in code_cells(CHAPTER) if cell.source.startswith("causes = "))
    scope: dict[str, list[str]] = {}
    exec(compile(python(causes), "cell", "exec"), scope)  # noqa: S102  a list of texts
    code = "\n".join(cell.source for cell in code_cells(CHAPTER))
    asked = r'notebook\.guess\(\s*"13-\w+",\s*"[^"]+",\s*"([^"]+)",\s*among=causes,?\s*\)'
    examples = re.findall(asked, code)
    assert len(examples) == 5 and set(examples) <= set(scope["causes"])


def test_the_chapter_shows_each_published_ratio_before_the_right_one() -> None:
    ids = [cell.id for cell in read(CHAPTER).cells]
    for name in ("disk", "lua", "cpu", "start", "speed"):
        steps = [f"{name}-{step}" for step in ("ask", "published", "guess", "right", "read")]
        first = ids.index(steps[0])
        assert ids[first : first + 5] == steps
