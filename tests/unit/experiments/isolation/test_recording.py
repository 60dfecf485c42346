"""What was asked, written and read; the recorded one; what is damaged is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from labkit.errors import StoreError
from labkit.experiments.isolation.experiment import EXPERIMENT
from labkit.experiments.isolation.records import ATTEMPTS, FACTS, Answer, Kind, Outcome
from labkit.recordings import tables
from labkit.recordings.reader import read
from labkit.recordings.writer import Writer
from labkit.system.paths import project_dir
from tests.unit.experiments.isolation.made_up import answers, manifest

PAGE = (project_dir() / "data" / "README.md").read_text(encoding="utf-8")
Change = Callable[[list[Answer]], list[Answer]]


def written(folder: Path, rows: list[Answer], *names: str) -> Path:
    with closing(Writer.begin(folder, EXPERIMENT, manifest(*names))) as writer:
        writer.append({"answers": rows}, {})
        writer.finish("plan", {})
    return folder


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rows = [row for name in ("host", "docker", "qemu") for row in answers(name)]
    made = read(written(tmp_path / "new", rows, "host", "docker", "qemu"), EXPERIMENT)
    assert made.answers.equals(tables.frame(rows, Answer))
    assert made.manifest == manifest("host", "docker", "qemu")


def with_first(**fields: str) -> Change:
    return lambda rows: [rows[0].model_copy(update=fields), *rows[1:]]


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[:-1],
        lambda rows: [*rows, rows[-1]],
        lambda rows: rows[::-1],
        lambda rows: [*rows[:-1], rows[-1].model_copy(update={"value": "perhaps"})],
        with_first(engine="tcg"),
        with_first(name="kernel_relish"),
        with_first(backend="docker"),
    ],
)
def test_rows_that_do_not_belong_together_are_refused(tmp_path: Path, change: Change) -> None:
    """With right digests: somebody has written them so."""
    written(tmp_path / "right", answers("host"), "host")
    read(tmp_path / "right", EXPERIMENT)
    written(tmp_path / "wrong", change(answers("host")), "host")
    with pytest.raises(StoreError):
        read(tmp_path / "wrong", EXPERIMENT)


def section(title: str) -> list[list[str]]:
    """The rows of a section's table in the data dictionary."""
    text = PAGE.partition(f"# {title}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| (.+) \|$", text, re.MULTILINE)[1:]
    return [row.split(" | ") for row in rows]


def test_the_dictionary_has_each_fact_and_attempt() -> None:

    for title, known in (("Facts", FACTS), ("Attempts", ATTEMPTS)):
        assert section(title) == [[f"`{name}`", *words] for name, words in known.items()]
    for word in (*get_args(Kind), *get_args(Outcome)):
        assert f"`{word}`" in PAGE
