"""A small disk, for tests in which there is no room left."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(size_bytes: int) -> Iterator[Path]:
    """A file system of this size; gone afterwards. Its path is short: see unix(7) on sockets."""
    if os.geteuid() != 0:
        pytest.skip("a small disk can only be mounted by root")
    place = Path(tempfile.mkdtemp(prefix="small-", dir="/tmp"))
    words = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(place)]
    if subprocess.run(words, check=False).returncode != 0:
        place.rmdir()
        pytest.skip("no small disk can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
        place.rmdir()


def fill(folder: Path) -> None:
    """Leaves no room on the disk that holds this folder."""
    with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
