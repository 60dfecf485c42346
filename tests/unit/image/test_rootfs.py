from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from labkit.image.rootfs import character_device, lab_entries, read_guest, write_folder


def test_what_is_in_it_and_nothing_else(guest: Path) -> None:
    entries = lab_entries(b"busybox", read_guest())
    paths = [entry.path for entry in entries]
    assert paths == sorted(paths)
    assert {e.path for e in entries if e.is_folder} == {
        *("bin", "dev", "etc", "lab", "lab/workloads", "proc", "scratch", "sys", "tmp")
    }
    assert {e.path for e in entries if not e.is_folder} == {
        *("bin/busybox", "bin/sh", "init", "lab/agent", "lab/program", "lab/shell"),
        *("lab/workloads/cpu.sh", "lab/workloads/idle.sh"),
    }


def test_line_ends_of_a_windows_checkout_are_mended(guest: Path) -> None:
    (guest / "agent").write_bytes(b"#!/bin/busybox sh\r\nread line\r\n")
    assert read_guest()["lab/agent"] == b"#!/bin/busybox sh\nread line\n"


def test_the_labs_own_guest_files_are_found() -> None:
    assert {"init", "lab/agent", "lab/workloads/cpu.sh"} <= read_guest().keys()


@pytest.mark.skipif(sys.platform == "win32", reason="no permissions or links there")
def test_on_disk(guest: Path, tmp_path: Path) -> None:
    entries = lab_entries(b"busybox", read_guest())
    target = tmp_path / "rootfs"
    write_folder([*entries, character_device("dev/null", 0o666, 1, 3)], target)
    for entry in entries:
        path = target / entry.path
        assert stat.S_IFMT(path.lstat().st_mode) == stat.S_IFMT(entry.mode)
        if entry.is_link:
            assert path.readlink() == Path("busybox")
        else:
            assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(entry.mode)
    assert (target / "bin/sh").read_bytes() == b"busybox"
    assert not (target / "dev/null").exists()
