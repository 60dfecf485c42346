"""The empty disk of a machine of VirtualBox, read as its format's source describes it."""

from __future__ import annotations

from pathlib import Path

from labkit.backends.virtualbox.disk import make_empty_disk

MIB = 1 << 20
SIZE = 64 * MIB


def number(content: bytes, at: int, length: int = 4) -> int:
    return int.from_bytes(content[at : at + length], "little")


def test_a_disk_is_what_describes_it_and_zeros(tmp_path: Path) -> None:
    file = make_empty_disk(tmp_path / "scratch.vdi", SIZE)
    content = file.read_bytes()
    assert number(content, 64) == 0xBEDA107F and number(content, 72) == 400
    assert number(content, 76) == 2  # a fixed disk
    map_at, content_at = number(content, 340), number(content, 344)
    assert number(content, 368, 8) == SIZE and number(content, 376) == MIB
    assert number(content, 384) == number(content, 388) == 64  # blocks, and those that are there
    assert [number(content, map_at + 4 * block) for block in range(64)] == list(range(64))
    assert len(content) == content_at + SIZE and not any(content[content_at:])
    assert file.stat().st_blocks <= 16  # sparse


def test_two_disks_are_told_apart(tmp_path: Path) -> None:
    first, second = (make_empty_disk(tmp_path / name, SIZE).read_bytes() for name in ("a", "b"))
    assert first[392:408] != second[392:408] != second[408:424]
