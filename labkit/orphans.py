"""Finds and removes what a killed lab has left behind, and nothing else.

Everything that the lab starts carries the mark of the process that started it (labkit.marks).
What is marked by a process that no longer runs is nobody's. The marks of other labs that still
run are respected, so two runs at once do not end each other's machines.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from labkit.backends import BACKENDS, Backend
from labkit.process import MARK, TEMP_PREFIX, mark_of, owner, owner_lives, runs, wait_until

GRACE_S = 3.0


def sweep(backends: Iterable[Backend], *, mine: bool = False) -> list[str]:
    """Removes orphans and names them; with mine, also what this very process still has."""

    def abandoned(mark: str) -> bool:
        # What is no mark at all (another program's use of the variable) is not ours to judge.
        if not MARK.fullmatch(mark):
            return False
        return mark == owner() if mine else not owner_lives(mark)

    removed = _sweep_processes(abandoned)
    others = [kind() for kind in BACKENDS.values() if kind.sweeps_files]
    for backend in [*backends, *others]:
        removed += backend.sweep(abandoned)
    return removed + _sweep_folders(abandoned)


def _sweep_processes(abandoned: Callable[[str], bool]) -> list[str]:
    left = [
        process
        for process in psutil.process_iter()
        if process.pid != psutil.Process().pid and abandoned(mark_of(process) or "")
    ]
    names = []
    for process in left:
        with suppress(psutil.Error):
            names.append(f"process {process.pid} ({process.name()})")
            process.terminate()
    for _ in range(2):
        if wait_until(lambda: not any(map(runs, left)), timeout=GRACE_S):
            break
        for process in filter(runs, left):
            with suppress(psutil.Error):
                process.kill()
    return names


def _sweep_folders(abandoned: Callable[[str], bool]) -> list[str]:
    """Temporary folders are named labkit-PID-START.BOOT-…: see process.scratch_folder."""
    removed = []
    for folder in Path(tempfile.gettempdir()).glob(f"{TEMP_PREFIX}*-*-*"):
        mark = "-".join(folder.name.removeprefix(TEMP_PREFIX).split("-")[:2])
        if abandoned(mark) and folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(f"folder {folder}")
    return removed
