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
from tests.integration import own_disks

MIB = 1 << 20
pytestmark = pytest.mark.qemu


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A disk with data in it here and there."""
    if find_tool("qemu-img") is None:
        unavailable("qemu", "qemu-img is not installed")
    file = tmp_path / "torn, disk.raw"
    with file.open("wb") as disk:
        for _ in range(8):
            disk.write(os.urandom(MIB) + bytes(MIB))
        disk.seek(510)
        disk.write(b"\x55\xaa")
    return file


def image(*words: object) -> None:
    subprocess.run(["qemu-img", *map(str, words)], check=True, timeout=60, capture_output=True)


def converted(raw: Path, kind: str, *options: str) -> Path:
    file = raw.with_suffix(f".{kind}")
    image("convert", "-O", kind, *options, raw, file)
    return file


def tear(file: Path, part: float) -> None:
    os.truncate(file, int(file.stat().st_size * part))


def told(disk: Path) -> BackendError:
    with pytest.raises(BackendError) as caught, disk_file.unpacked(disk):
        pass
    assert caught.value.details and caught.value.resolution and str(disk) in caught.value.brief
    return caught.value


def is_whole(disk: Path) -> bool:
    with disk_file.unpacked(disk) as found:
        return found.exists()


@pytest.mark.parametrize(
    ("kind", "options", "torn"),
    [
        ("qcow2", "", "qcow2"),
        ("qcow2", "-c", "qcow2"),
        ("vmdk", "", "vmdk"),
        ("vmdk", "-osubformat=streamOptimized", "vmdk"),
        ("vmdk", "-osubformat=monolithicFlat", "-flat.vmdk"),
        ("vmdk", "-osubformat=twoGbMaxExtentSparse", "-s001.vmdk"),
        ("vmdk", "-osubformat=twoGbMaxExtentFlat", "-f001.vmdk"),
        ("vdi", "", "vdi"),
        ("vdi", "-ostatic=on", "vdi"),
    ],
)
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_torn_disk_is_told_and_a_whole_one_is_not(
    raw: Path, kind: str, options: str, torn: str, part: float
) -> None:
    disk = converted(raw, kind, *filter(None, [options]))
    assert is_whole(disk)
    named = disk if torn == kind else disk.with_name(disk.stem + torn)
    assert disk_file.problem({"disk": str(disk)}) is None
    tear(named, part)
    told(disk)


def test_of_a_raw_disk_nothing_can_be_known(raw: Path) -> None:
    tear(raw, 0.5)
    assert is_whole(raw)


def test_what_a_disk_is_based_on_is_looked_at_too(raw: Path) -> None:
    base = converted(raw, "qcow2")
    disk = raw.with_name("above.qcow2")
    image("create", "-f", "qcow2", "-F", "qcow2", "-b", base, disk)
    assert is_whole(disk) and base.name in disk_file.described(disk)
    with base.open("r+b"):
        missing = disk_file.problem({"disk": str(disk)})
    assert missing is not None and str(base) in missing.reason
    tear(base, 0.5)
    assert base.name in told(disk).brief
    base.unlink()
    missing = disk_file.problem({"disk": str(disk)})
    assert missing is not None and base.name in missing.reason and "convert" in missing.fix


def test_an_appliance_is_named_and_not_its_unpacked_disk(raw: Path) -> None:
    disk = converted(raw, "vmdk")
    tear(disk, 0.5)
    ova = own_disks.pack(raw.with_suffix(".ova"), {disk.name: disk.read_bytes()})
    assert str(ova) in told(ova).brief


def test_a_disk_of_a_machine_that_was_killed_is_not_torn(raw: Path) -> None:
    """Its counters of references were not written in time, which qemu-img calls corrupt: they are
    of no use to who only reads."""
    disk = raw.with_name("dirty.qcow2")
    image("create", "-f", "qcow2", "-o", "lazy_refcounts=on,compat=1.1", disk, 4 * MIB)
    words = ["qemu-io", "-f", "qcow2", "-c", "write 0 64k", "-c", "sigraise 9", str(disk)]
    subprocess.run(words, check=False, timeout=60, capture_output=True)
    checked = subprocess.run(["qemu-img", "check", str(disk)], check=False, capture_output=True)
    assert checked.returncode == 2
    assert is_whole(disk)
