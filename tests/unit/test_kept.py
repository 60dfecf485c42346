"""Small recorded tables: written, read again, and refused when anything is not as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from labkit import charts, inside, kept, paths
from labkit.errors import LabError, StoreError
from labkit.kept import Kept
from labkit.notebook import anew
from labkit.records import Joint, Survivor

ROW = Survivor(
    pid=7,
    parent=1,
    name="dockerd",
    role="dockerd",
    depth=0,
    rss_bytes=None,
    pss_bytes=2048,
    listens=("/run/a.sock", "@abstract"),
    survives=False,
)
JOINT = Joint(client=None, server=7, address="/run/a.sock", connections=2)
NAME = "killed-daemon"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kept.save(tmp_path, {"tree": [ROW], "joints": [JOINT]}, kept.describe({"docker": "dockerd 20"}))
    return tmp_path


@pytest.mark.parametrize("name", kept.KINDS)
def test_each_recorded_folder_can_be_read_and_holds_something(name: str) -> None:
    found = kept.load(name)
    assert set(found.tables) == set(kept.KINDS[name])
    assert all(len(table) for table in found.tables.values())
    assert found.about.versions
    files = {path.name for path in (paths.reference_dir() / name).iterdir()}
    assert files == {kept.ABOUT, *(f"{table}.csv" for table in kept.KINDS[name])}


def test_what_was_saved_is_read_again(folder: Path) -> None:
    found = kept.load(NAME, folder)
    assert inside.rows(found.tables["tree"], Survivor) == [ROW]
    assert inside.rows(found.tables["joints"], Joint) == [JOINT]
    assert found.about.versions == {"docker": "dockerd 20"}
    assert charts.badge(found.about, "live").startswith("live · ")


@pytest.mark.parametrize("file", ["about.json", "tree.csv", "joints.csv"])
@pytest.mark.parametrize("change", ["gone", "torn", "changed"])
def test_a_file_that_is_not_as_it_was_is_named(folder: Path, file: str, change: str) -> None:
    content = (folder / file).read_text()
    other = {"gone": None, "torn": content[:-9], "changed": content.replace("7", "8")}[change]
    if change == "changed" and file == "about.json":
        other = content.replace('"system"', '"sistem"')
    (folder / file).unlink()
    if other is not None:
        (folder / file).write_text(other)
    with pytest.raises(StoreError) as error:
        kept.load(NAME, folder)
    assert file in error.value.brief and error.value.details


def test_a_look_is_recorded_live_or_says_why_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = kept.load(NAME, folder)
    other = kept.load(NAME, Path(shutil.copytree(folder, folder / "copy")))
    monkeypatch.setenv("LAB_MODE", "recorded")
    look = anew(recorded, lambda: other)
    assert look.tables is recorded.tables and look.badge.startswith("recorded · ")
    monkeypatch.setenv("LAB_MODE", "auto")
    look = anew(recorded, lambda: other)
    assert look.tables is other.tables and look.badge.startswith("live · ")


def test_what_cannot_be_done_is_the_reason_or_in_live_mode_the_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = kept.load(NAME, folder)

    def fails() -> Kept:
        raise LabError("there is no Docker")

    monkeypatch.setenv("LAB_MODE", "auto")
    look = anew(recorded, fails)
    assert look.source == "recorded" and "there is no Docker" in repr(look)
    monkeypatch.setenv("LAB_MODE", "live")
    with pytest.raises(LabError, match="there is no Docker"):
        anew(recorded, fails)
