"""The folder of what is no run: never written over, read as it was written, errors with advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit import folders
from labkit.errors import StoreError
from labkit.records import Joint

ROWS = [Joint(client=None, server=7, address="/run/a.sock", connections=2)]
TEXTS = {"joints.csv": folders.table_text(Joint, ROWS)}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_with_anything_else_in_it_is_refused(tmp_path: Path) -> None:
    folders.begin(tmp_path / "new" / "one")
    (tmp_path / "new" / "one" / "joints.csv").touch()
    folders.begin(tmp_path / "new" / "one", TEXTS)
    with pytest.raises(StoreError, match=r"holds something else: joints\.csv") as caught:
        folders.begin(tmp_path / "new" / "one")
    assert "empty" in caught.value.resolution


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written") as caught:
        folders.begin(tmp_path / "file" / "below")
    assert caught.value.details and "--out" in caught.value.resolution


def test_what_is_written_is_read_again_and_no_draft_stays(tmp_path: Path) -> None:
    folders.write(tmp_path, "about.json", ROWS[0], TEXTS)
    assert folders.read_about(tmp_path / "about.json", Joint, "") == ROWS[0]
    noted = folders.digests(TEXTS)["joints.csv"]
    assert folders.read_rows(tmp_path / "joints.csv", Joint, "", noted) == ROWS
    assert names(tmp_path) == ["about.json", "joints.csv"]


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.write(tmp_path, "about.json", ROWS[0], TEXTS)

    def full(path: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StoreError, match=r"joints\.csv cannot be written") as caught:
        folders.write(tmp_path, "about.json", ROWS[0], {"joints.csv": "other"})
    assert caught.value.details == "No space left on device"
    assert folders.read_rows(tmp_path / "joints.csv", Joint, "") == ROWS
    assert names(tmp_path) == ["about.json", "joints.csv"]


@pytest.mark.parametrize("damage", [b"", b"client\n", b"\xff\xfe\n", b'"torn'])
def test_a_table_that_makes_no_sense_is_told_with_what_to_do(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "joints.csv"
    file.write_bytes(damage)
    with pytest.raises(StoreError, match=r"joints\.csv is damaged or missing") as caught:
        folders.read_rows(file, Joint, "make it anew")
    assert caught.value.details and caught.value.resolution == "make it anew"


def test_a_table_that_was_changed_is_told(tmp_path: Path) -> None:
    folders.write(tmp_path, "about.json", ROWS[0], TEXTS)
    with pytest.raises(StoreError) as caught:
        folders.read_rows(tmp_path / "joints.csv", Joint, "", "0" * 64)
    assert "was changed" in caught.value.details
