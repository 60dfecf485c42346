"""The owner's mark: which lab a process, a container or a folder belongs to.

Everything that the lab starts carries its owner's mark in the environment (LABKIT_OWNER), so
that whatever outlives a killed lab can be told from anything else on the machine and removed.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil

OWNER_VARIABLE = "LABKIT_OWNER"
TEMP_PREFIX = "labkit-"
# What an owner's mark looks like: see `owner`.
MARK = re.compile(r"\d+-\d+\.[0-9a-f]+")


@cache
def owner() -> str:
    """This process, as PID-START.BOOT: a process id alone is reused by the system. START counts
    from the computer's own start, and BOOT says which start that was: a date would be another
    one as soon as somebody sets the clock."""
    return owner_mark(os.getpid())


def owner_mark(pid: int) -> str:
    """The mark of the process with this id, which runs."""
    return f"{pid}-{_started(pid)}"


def mark_in(name: str) -> str:
    """The owner's mark in a name such as labkit-PID-TICKS.BOOT-n; empty when there is none."""
    found = re.match(rf"{TEMP_PREFIX}({MARK.pattern})-", name)
    return found[1] if found else ""


def owner_lives(mark: str) -> bool:
    """Whether the process that set this mark still runs."""
    pid, _, started = mark.partition("-")
    try:
        return _started(int(pid)) == started
    except (psutil.Error, ValueError, OverflowError):
        return False


def mark_of(process: psutil.Process) -> str | None:
    """The owner's mark in a process's environment, where we may read it."""
    try:
        return process.environ().get(OWNER_VARIABLE)
    except (psutil.Error, OSError):
        return None


def runs(process: psutil.Process) -> bool:
    """Whether a process still does anything: one that has ended stays in the system's list until
    its parent has waited for it, and some never do."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder that names its owner and is gone afterwards."""
    with tempfile.TemporaryDirectory(
        prefix=f"{TEMP_PREFIX}{owner()}-", ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


def _started(pid: int) -> str | None:
    """When a process began, by fields 3 and 22 of /proc/PID/stat (proc(5)) and boot_id
    (random(4)); None for one that has ended and was not waited for. Where there is no such file,
    by its date, which is all there is."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return f"{int(psutil.Process(pid).create_time())}.0"
    return None if fields[0] in (b"Z", b"X") else f"{int(fields[19])}.{boot}"
