from __future__ import annotations

import os
from pathlib import Path

from labkit.system.open_files import writers


def test_who_may_write_to_a_file_is_named(tmp_path: Path) -> None:
    disk, other = tmp_path / "disk", tmp_path / "link"
    disk.touch()
    other.hardlink_to(disk)
    with disk.open("rb"):
        assert writers(disk) == []
    with disk.open("r+b"):
        (who,) = writers(other)
    assert f"process {os.getpid()}" in who
    assert writers(disk) == []
