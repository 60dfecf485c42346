from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest

from labkit.image.ext4 import BLOCK, write_ext4
from labkit.image.rootfs import Entry, folder, link, program, text

needs_e2fsprogs = pytest.mark.skipif(
    not (shutil.which("e2fsck") and shutil.which("debugfs")), reason="needs e2fsprogs"
)


def make(entries: list[Entry]) -> bytes:
    file = io.BytesIO()
    write_ext4(entries, file)
    return file.getvalue()


def checked(path: Path) -> str:
    """What e2fsck says of a file system; it must find nothing to mend."""
    done = subprocess.run(["e2fsck", "-fn", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def dump(path: Path, name: str, target: Path) -> bytes:
    request = f"dump {name} {target}"
    subprocess.run(["debugfs", "-R", request, path], capture_output=True, check=True)
    return target.read_bytes()


ENTRIES = [
    folder("etc"),
    text("etc/passwd", "root:*:0:0:root:/root:/bin/sh\n"),
    folder("tmp", 0o1777),
    folder("usr"),
    folder("usr/bin"),
    program("usr/bin/tool", b"\x7fELF" + bytes(range(256)) * 40),
    link("usr/bin/alias", "tool"),
    link("usr/long", "x/" * 40),
    Entry("usr/empty", 0o100644),
    text("usr/größe", "a name in UTF-8"),
]


def test_the_same_entries_make_the_same_bits_of_whole_blocks() -> None:
    first = make(ENTRIES)
    assert first == make(list(ENTRIES))
    assert len(first) % BLOCK == 0


@needs_e2fsprogs
def test_other_programs_read_it(tmp_path: Path) -> None:
    path = tmp_path / "root.ext4"
    path.write_bytes(make(ENTRIES))
    checked(path)
    tool = dump(path, "/usr/bin/tool", tmp_path / "tool")
    assert tool == next(entry.data for entry in ENTRIES if entry.path == "usr/bin/tool")
    listed = subprocess.run(
        ["debugfs", "-R", "ls -l /usr/bin", path], capture_output=True, text=True, check=True
    ).stdout
    assert "100755" in listed and "120777" in listed
    assert (
        "1777"
        in subprocess.run(
            ["debugfs", "-R", "stat /tmp", path], capture_output=True, text=True, check=True
        ).stdout
    )
    for name, target in (("/usr/bin/alias", "tool"), ("/usr/long", "x/" * 40)):
        told = subprocess.run(
            ["debugfs", "-R", f"stat {name}", path], capture_output=True, text=True, check=True
        ).stdout
        assert target[:20] in told or f"Size: {len(target)}" in told


@needs_e2fsprogs
def test_many_files_many_groups_and_a_file_of_several_pieces(tmp_path: Path) -> None:
    """More names than a block of a folder holds, and more blocks than one group has."""
    names = [
        text(f"many/{number:05}-{'n' * (number % 200)}", "x" * number) for number in range(900)
    ]
    large = bytes(BLOCK) * 33_000 + b"end"
    path = tmp_path / "root.ext4"
    with path.open("wb") as file:
        write_ext4([program("large", large), folder("many"), *names], file)
    said = checked(path)
    assert "0.0% non-contiguous" in said
    assert dump(path, f"/{names[-1].path}", tmp_path / "one") == names[-1].data
    assert dump(path, "/large", tmp_path / "two") == large
