"""Which file system a folder lies on: decides what a figure of a disk means."""

from __future__ import annotations

import tempfile
from pathlib import Path

IN_MEMORY = ("tmpfs", "ramfs")


def scratch() -> Path:
    """The folder that scratch folders, and the files that are machines' disks, are made in."""
    return Path(tempfile.gettempdir())


def kind_of(folder: Path) -> str:
    """Such as ext4, by the mount that the folder is below; empty where the system tells none."""
    import psutil  # slow to import

    place = folder.resolve()
    found = {Path(mount.mountpoint): mount.fstype for mount in psutil.disk_partitions(all=True)}
    above = [each for each in (place, *place.parents) if each in found]
    return found[above[0]] if above else ""


def in_memory(folder: Path) -> bool:
    return kind_of(folder) in IN_MEMORY
