from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from labkit.backends.virtualbox import leftovers
from labkit.backends.virtualbox.installation import private_root
from labkit.measure import cleanup
from labkit.system.owner_marks import owner
from labkit.system.ownership import Judge
from tests.unit.marks import ELSEWHERE, GONE

DEAD, ALIVE, UNKNOWN = GONE, owner(), ELSEWHERE


@pytest.fixture(autouse=True)
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In place of /tmp."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(leftovers, "TMP", tmp_path / "tmp")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "tmp"


def home(tmp: Path, mark: str, number: int = 7, pid: int = 4711) -> Path:
    """What a killed lab with this mark has left."""
    home = tmp / f"labkit-{mark}-0a1b2c-vbox"
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
    home(tmp, UNKNOWN, 9)
    removed = leftovers.sweep(Judge())
    assert sorted(removed) == [
        f"file {tmp}/.X7-lock",
        f"folder {tmp}/.vbox-labkit-{DEAD}-0a1b2c-vbox-ipc",
    ]
    assert {"X8", ".X8-lock", "X9", ".X9-lock", f".vbox-{other.name}-ipc"} <= names(tmp)
    assert not {"X7", ".X7-lock"} & names(tmp)
    assert (private_root() / other.relative_to("/")).is_dir()
    assert len(list(private_root().rglob("labkit-*"))) == 2
    assert leftovers.sweep(Judge()) == []


def test_the_mount_point_of_a_lab_that_was_killed_is_removed_and_no_more(tmp: Path) -> None:
    inside = private_root() / tmp.relative_to("/")
    for mark in (DEAD, ALIVE, UNKNOWN):
        (inside / f"labkit-{mark}-1").mkdir(parents=True)
    leftovers.sweep(Judge())
    assert {path.name for path in inside.iterdir()} == {f"labkit-{m}-1" for m in (ALIVE, UNKNOWN)}
    leftovers.discard_mount_point(tmp / f"labkit-{ALIVE}-1")
    assert len(list(inside.iterdir())) == 1


def test_the_number_of_a_display_that_somebody_else_has_by_now_is_left_alone(tmp: Path) -> None:
    home(tmp, DEAD, 7, pid=4712)
    leftovers.sweep(Judge())
    assert {"X7", ".X7-lock"} <= names(tmp)


@pytest.mark.parametrize("note", ["", "7", "x y", "7 4711 9", "\x00"])
def test_a_damaged_note_is_as_good_as_none(tmp: Path, note: str) -> None:
    (home(tmp, DEAD) / "machine" / "display").write_text(note)
    leftovers.sweep(Judge())
    assert ".X7-lock" in names(tmp)


def test_sockets_are_found_without_their_home_folder_and_links_are_not_followed(
    tmp: Path, tmp_path: Path
) -> None:
    (tmp / f".vbox-labkit-{DEAD}-0a1b2c-vbox-ipc").mkdir()
    assert leftovers.sweep(Judge()) == [f"folder {tmp}/.vbox-labkit-{DEAD}-0a1b2c-vbox-ipc"]
    (tmp_path / "others").mkdir()
    (tmp / f".vbox-labkit-{DEAD}-0a1b2c-vbox-ipc").symlink_to(tmp_path / "others")
    assert leftovers.sweep(Judge()) == []
    assert (tmp_path / "others").is_dir()


def test_any_run_removes_it_also_one_without_virtualbox(
    tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "_sweep_processes", lambda judge: [])
    home(tmp, DEAD)
    assert len(cleanup.sweep([])) == 3
    assert names(tmp) == {".X11-unix"}
