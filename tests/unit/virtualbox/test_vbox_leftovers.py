from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from labkit import orphans
from labkit.backends import vbox_leftovers as leftovers
from labkit.backends.vbox_installation import private_root

DEAD, ALIVE = "1999999-1", "1999998-2"


@pytest.fixture(autouse=True)
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In place of /tmp."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(leftovers, "TMP", tmp_path / "tmp")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "tmp"


def abandoned(mark: str) -> bool:
    return mark == DEAD


def home(tmp: Path, mark: str, number: int = 7, pid: int = 4711) -> Path:
    """What a killed lab with this mark has left."""
    home = tmp / f"labkit-{mark}-vbox"
    (home / "machine").mkdir(parents=True)
    (home / "machine" / "display").write_text(f"{number} {pid}")
    (tmp / f".vbox-{home.name}-ipc").mkdir()
    (tmp / f".X{number}-lock").write_text(f"{4711:>10}\n")
    (tmp / ".X11-unix").mkdir(exist_ok=True)
    (tmp / ".X11-unix" / f"X{number}").touch()
    (private_root() / home.relative_to("/")).mkdir(parents=True)
    return home


def names(tmp: Path) -> set[str]:
    return {path.name for path in tmp.rglob("*")}


def test_what_the_dead_have_left_is_removed_and_no_more(tmp: Path) -> None:
    home(tmp, DEAD, 7)
    other = home(tmp, ALIVE, 8)
    removed = leftovers.sweep(abandoned)
    assert sorted(removed) == [f"file {tmp}/.X7-lock", f"folder {tmp}/.vbox-labkit-{DEAD}-vbox-ipc"]
    assert {"X8", ".X8-lock", f".vbox-{other.name}-ipc"} <= names(tmp)
    assert not {"X7", ".X7-lock"} & names(tmp)
    assert (private_root() / other.relative_to("/")).is_dir()
    assert len(list(private_root().rglob("labkit-*"))) == 1
    assert leftovers.sweep(abandoned) == []


def test_the_number_of_a_display_that_somebody_else_has_by_now_is_left_alone(tmp: Path) -> None:
    home(tmp, DEAD, 7, pid=4712)
    leftovers.sweep(abandoned)
    assert {"X7", ".X7-lock"} <= names(tmp)


@pytest.mark.parametrize("note", ["", "7", "x y", "7 4711 9", "\x00"])
def test_a_damaged_note_is_as_good_as_none(tmp: Path, note: str) -> None:
    (home(tmp, DEAD) / "machine" / "display").write_text(note)
    leftovers.sweep(abandoned)
    assert ".X7-lock" in names(tmp)


def test_sockets_are_found_without_their_home_folder_and_links_are_not_followed(
    tmp: Path, tmp_path: Path
) -> None:
    (tmp / f".vbox-labkit-{DEAD}-vbox-ipc").mkdir()
    assert leftovers.sweep(abandoned) == [f"folder {tmp}/.vbox-labkit-{DEAD}-vbox-ipc"]
    (tmp_path / "others").mkdir()
    (tmp / f".vbox-labkit-{DEAD}-vbox-ipc").symlink_to(tmp_path / "others")
    assert leftovers.sweep(abandoned) == []
    assert (tmp_path / "others").is_dir()


def test_any_run_removes_it_also_one_without_virtualbox(
    tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "_sweep_processes", lambda abandoned: [])
    monkeypatch.setattr(orphans, "owner_lives", lambda mark: mark != DEAD)
    home(tmp, DEAD)
    assert len(orphans.sweep([])) == 3
    assert names(tmp) == {".X11-unix"}
