"""Disks that were not copied to their end are told before a trial: a machine would read zeros."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from labkit.backends.own import disk_file
from labkit.errors import BackendError
from labkit.system.process import find_tool
from tests.conftest import unavailable

MIB = 1 << 20


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk with data in it here and there."""
    if find_tool("qemu-img") is None:
        unavailable("qemu", "qemu-img is not installed")
    file = tmp_path_factory.mktemp("torn, disks") / "whole.raw"
    with file.open("wb") as disk:
        for _ in range(8):
            disk.write(os.urandom(MIB) + bytes(MIB))
        disk.seek(510)
        disk.write(b"\x55\xaa")
    return file


def converted(raw: Path, kind: str, *options: str) -> Path:
    file = raw.with_suffix(f".{kind}")
    words = ["qemu-img", "convert", "-O", kind, *options, str(raw), str(file)]
    subprocess.run(words, check=True, timeout=60)
    return file


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("qcow2", []),
        ("qcow2", ["-c"]),
        ("vmdk", []),
        ("vdi", []),
        ("vdi", ["-o", "static=on"]),
    ],
)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_torn_disk_is_told_and_a_whole_one_is_not(
    raw: Path, kind: str, options: list[str], part: float
) -> None:
    disk = converted(raw, kind, *options)
    with disk_file.unpacked(disk) as found:
        assert found == disk
    os.truncate(disk, int(disk.stat().st_size * part))
    with pytest.raises(BackendError) as caught, disk_file.unpacked(disk):
        pass
    assert caught.value.details and f"-f {kind}" in caught.value.resolution


@pytest.mark.qemu
def test_of_a_raw_disk_nothing_can_be_known(raw: Path) -> None:
    with disk_file.unpacked(raw) as found:
        assert found == raw


@pytest.mark.qemu
def test_a_disk_that_another_program_has_open_is_looked_at_all_the_same(raw: Path) -> None:
    disk = converted(raw, "qcow2")
    with disk.open("rb"), disk_file.unpacked(disk) as found:
        assert found == disk
