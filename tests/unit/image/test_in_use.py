"""Old images go when a new one is built, and never one that a lab uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit import image
from labkit.image import LabImage, in_use
from tests.unit.image.archive import Archive
from tests.unit.image.conftest import unfinished

HOLDS = (
    "import sys; from pathlib import Path; from labkit.image import in_use; "
    "in_use.hold(Path(sys.argv[1])); print('held', flush=True); input()"
)


@pytest.fixture(autouse=True)
def nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each build below is that of another lab, which has ended."""
    monkeypatch.setattr(in_use, "hold", lambda record: None)
    monkeypatch.setattr("labkit.image.lab_image.hold", lambda record: None)


def edited(guest: Path, number: int) -> LabImage:
    """A build after an edit of a workload, later than those before."""
    (guest / "workloads/cpu.sh").write_text(f"#!/bin/busybox sh\n# {number}\n")
    built = image.build(progress=False)
    os.utime(built.folder / "image.json", (number, number))
    return built


def images(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "images").iterdir())


def test_two_labs_use_an_image_at_once(tmp_path: Path) -> None:
    record = tmp_path / "image.json"
    record.touch()
    argv = [sys.executable, "-c", HOLDS, str(record)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None and first.stdout.readline() == b"held\n"
        second = subprocess.run(argv, input=b"\n", capture_output=True, timeout=60)
        first.communicate(b"\n")
    assert second.stdout == b"held\n"


def test_each_edit_leaves_no_more_than_the_last_ones(
    debian: Archive, cache: Path, guest: Path
) -> None:
    built = [edited(guest, number) for number in range(1, 6)]
    assert images(cache) == sorted(one.folder.name for one in built[-in_use.KEPT :])
    assert unfinished(cache) == []


def test_what_was_made_of_an_old_one_goes_too_and_nothing_else(
    debian: Archive, cache: Path, guest: Path
) -> None:
    first = edited(guest, 1)
    networked = first.folder.with_name(f"{first.folder.name}-network-{'0' * 8}")
    networked.mkdir()
    (networked / "image.json").write_text('{"files": {}}')
    mine = cache / "images" / "my notes"
    mine.mkdir()
    for number in range(2, 6):
        edited(guest, number)
    assert not first.folder.exists() and not networked.exists() and mine.is_dir()


def test_one_with_something_else_in_it_stays(debian: Archive, cache: Path, guest: Path) -> None:
    first = edited(guest, 1)
    (first.folder / "mine.txt").write_text("mine")
    for number in range(2, 6):
        edited(guest, number)
    assert (first.folder / "mine.txt").read_text() == "mine" and first.rootfs.is_dir()


def test_one_that_another_lab_uses_stays(debian: Archive, cache: Path, guest: Path) -> None:
    first = edited(guest, 1)
    words = [sys.executable, "-c", HOLDS, str(first.folder / "image.json")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as lab:
        assert lab.stdout is not None and lab.stdout.readline() == b"held\n"
        for number in range(2, 6):
            os.utime(first.folder / "image.json", (1, 1))
            edited(guest, number)
        assert first.folder.is_dir()
        lab.communicate(b"\n")
    edited(guest, 6)
    assert not first.folder.exists()
