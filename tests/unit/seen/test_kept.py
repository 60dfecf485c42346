"""What was seen, written and read; the recorded one; what is damaged is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from labkit import seen
from labkit.errors import StoreError
from labkit.paths import project_dir
from labkit.seen.facts import ATTEMPTS, FACTS, Kind, Outcome, Seen, SightManifest
from tests.unit.seen.made_up import sight

PAGE = (project_dir() / "data" / "README.md").read_text(encoding="utf-8")


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    kept = sight("host", "docker", "qemu")
    seen.save(kept, tmp_path / "new")
    assert seen.load(tmp_path / "new") == kept
    seen.save(kept, tmp_path / "new")  # once more into the same folder


def test_nothing_else_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match=r"thesis\.txt"):
        seen.save(sight("host"), tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("allowed", "perhaps", 1), "no outcome"),
        (lambda text: text.replace("6.18.44", "6.18.45", 1), "was changed"),
        (lambda text: text[: text.rindex("host,")], "missing"),
        (lambda text: text + text.splitlines(keepends=True)[-1], "twice"),
        (lambda text: text[:-5], "torn"),
        (lambda text: text.replace("native", "magic", 1), "engine"),
    ],
)
def test_damage_is_told(tmp_path: Path, change: Callable[[str], str], says: str) -> None:
    seen.save(sight("host"), tmp_path)
    table = tmp_path / "answers.csv"
    table.write_text(change(table.read_text()))
    with pytest.raises(StoreError, match=says):
        seen.load(tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="labkit seen"):
        seen.load(tmp_path / "none")


def section(title: str) -> list[list[str]]:
    """The rows of a section's table in the data dictionary."""
    text = PAGE.partition(f"# {title}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| (.+) \|$", text, re.MULTILINE)[1:]
    return [row.split(" | ") for row in rows]


def test_the_dictionary_has_each_column_fact_and_attempt() -> None:
    columns = section("answers.csv")
    assert [row[0].strip("`") for row in columns] == list(Seen.model_fields)
    for name, *_, empty in columns:
        kind = Seen.model_fields[name.strip("`")].annotation
        assert (empty == "never") != (type(None) in get_args(kind)), name
    for title, known in (("Facts", FACTS), ("Attempts", ATTEMPTS)):
        assert section(title) == [[f"`{name}`", *words] for name, words in known.items()]
    fields = section("Its manifest.json")
    assert [row[0].strip("`") for row in fields] == list(SightManifest.model_fields)
    for word in (*get_args(Kind), *get_args(Outcome)):
        assert f"`{word}`" in PAGE


def test_the_command_that_recorded_the_reference() -> None:
    (named,) = re.findall(r"labkit seen --backends (\S+) --out data/reference/seen", PAGE)
    manifest = seen.load().manifest
    assert list(manifest.backends) == ["host", *named.split(",")]
    assert manifest.left_out == {}
