"""The empty disk of a machine of VirtualBox, read as its format's document describes it."""

from __future__ import annotations

from pathlib import Path

from labkit.backends.virtualbox.disk import make_empty_disk

SIZE = 64 << 20


def number(footer: bytes, at: int, length: int) -> int:
    return int.from_bytes(footer[at : at + length], "big")


def test_a_disk_is_zeros_and_a_footer(tmp_path: Path) -> None:
    file = make_empty_disk(tmp_path / "scratch.vhd", SIZE)
    content = file.read_bytes()
    footer = content[SIZE:]
    assert not any(content[:SIZE]) and len(footer) == 512
    assert file.stat().st_blocks <= 8  # sparse
    assert footer[:8] == b"conectix"
    assert number(footer, 40, 8) == number(footer, 48, 8) == SIZE
    assert number(footer, 60, 4) == 2  # a fixed disk
    cylinders, heads, sectors = number(footer, 56, 2), footer[58], footer[59]
    assert 0 <= SIZE - cylinders * heads * sectors * 512 < heads * sectors * 512


def test_the_checksum_is_the_complement_of_the_sum_of_all_other_bytes(tmp_path: Path) -> None:
    footer = make_empty_disk(tmp_path / "scratch.vhd", SIZE).read_bytes()[SIZE:]
    rest = footer[:64] + footer[68:]
    assert number(footer, 64, 4) == 0xFFFFFFFF - sum(rest)


def test_two_disks_are_told_apart(tmp_path: Path) -> None:
    first, second = (make_empty_disk(tmp_path / name, SIZE) for name in ("a", "b"))
    assert first.read_bytes()[SIZE + 68 :] != second.read_bytes()[SIZE + 68 :]
