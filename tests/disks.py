"""A small disk, for tests in which there is no room left: a real file system, in memory."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(
    size_bytes: int, place: Path | None = None, *, lazily: bool = False
) -> Iterator[Path]:
    """A file system of this size; gone afterwards, `lazily` even while a file of it is open.
    Without a place its path is short: see unix(7) on sockets."""
    if os.geteuid() != 0:
        pytest.skip("a small disk can only be mounted by root")
    place = place or Path(tempfile.mkdtemp(prefix="small-", dir="/tmp"))
    place.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(place)]
    if subprocess.run(words, check=False).returncode != 0:
        place.rmdir()
        pytest.skip("no small disk can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", *(["--lazy"] if lazily else []), str(place)], check=True)
        place.rmdir()


def make_room(place: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=512m", str(place)], check=True)


def fill(folder: Path) -> None:
    """Leaves no room on the disk that holds this folder."""
    with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
