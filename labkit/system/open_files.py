"""Which programs have a file open, by /proc/PID/fd (proc(5)): a machine's program writes to its
disk, and most of them keep no lock that others see."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")


def writers(file: Path) -> list[str]:
    """Those that may write to it, such as "qemu-system-x86 (process 12)". Of other users' programs
    only root sees it; of a computer without /proc nobody."""
    wanted = file.stat()
    return [
        f"{_name(process)} (process {process.name})"
        for process in PROCESSES.glob("[0-9]*")
        if any(os.path.samestat(found, wanted) for found in _written(process))
    ]


def _written(process: Path) -> Iterator[os.stat_result]:
    """The files that it has open for writing."""
    with suppress(OSError):
        for name in os.listdir(process / "fd"):  # noqa: PTH208  thousands
            with suppress(OSError):
                place = f"{process}/fd/{name}"
                if os.readlink(place).startswith("/") and _writes(process / "fdinfo" / name):  # noqa: PTH115
                    yield os.stat(place)  # noqa: PTH116


def _writes(info: Path) -> bool:
    for line in info.read_text(encoding="ascii").splitlines():
        if line.startswith("flags:"):
            return int(line.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY
    return False


def _name(process: Path) -> str:
    with suppress(OSError):
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    return "a program"
