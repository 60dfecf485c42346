"""Finds and removes what a killed lab has left behind, and nothing else.

Everything that the lab starts carries the mark of the process that started it (owner_marks.py).
What is marked by a process that is known to have ended is nobody's (ownership.py). What other labs
still use is respected, so two runs at once do not end each other's machines.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from labkit.backends.base import Backend, broken
from labkit.backends.table import BACKENDS
from labkit.image import known_files
from labkit.system import owned_files
from labkit.system.owner_marks import TEMP_PREFIX, mark_in, mark_of, runs, wait_gone
from labkit.system.ownership import Judge, Kept
from labkit.system.paths import cache_dir

GRACE_S = 3.0


def sweep(
    backends: Iterable[Backend],
    *,
    mine: bool = False,
    keep: Callable[[Kept], None] | None = None,
) -> list[str]:
    """Removes orphans and names them; `keep` is told what stays, since nothing is known of its
    owner, or a backend's fault. With mine, removes what this very process still has."""
    judge = Judge(mine=mine, keep=keep)
    removed = _sweep_processes(judge)
    others = [kind() for kind in BACKENDS.values() if kind.sweeps_files]
    for backend in [*backends, *others]:
        try:
            removed += backend.sweep(judge)
        except Exception as error:  # one backend's fault keeps no other's from being removed
            if keep is not None:
                what = f"what the backend {backend.name} may have left"
                keep(Kept(what, broken(error).reason, "labkit clean"))
    removed += _sweep_folders(judge)
    if not mine:  # what this process builds just now is in nobody's way
        for name in known_files.CACHE.holds:
            removed += owned_files.sweep(cache_dir() / name, judge)
    return removed


def _sweep_processes(judge: Judge) -> list[str]:
    """Looked for anew each time: one that is told to end may just have started another."""
    names: dict[int, str] = {}
    for send in (psutil.Process.terminate, psutil.Process.kill, psutil.Process.kill):
        left = [process for process in psutil.process_iter() if _is_left(process, judge)]
        if not left:
            break
        for process in left:
            with suppress(psutil.Error):
                names.setdefault(process.pid, f"process {process.pid} ({process.name()})")
                send(process)
        wait_gone(left, GRACE_S)
    return list(names.values())


def _is_left(process: psutil.Process, judge: Judge) -> bool:
    """Whoever calls us is no orphan, even if it has the variable from a lab that has ended: the
    shell, its terminal. A signal goes to no other process than this one: before each, psutil
    compares the start."""
    with suppress(psutil.Error):
        mark = mark_of(process)
        if mark and process not in _callers() and runs(process):
            what = f"process {process.pid} ({process.name()})"
            return judge.takes(mark, what, ["kill", process.pid])
    return False


def _callers() -> list[psutil.Process]:
    this = psutil.Process()
    return [this, *this.parents()]


def _sweep_folders(judge: Judge) -> list[str]:
    """Temporary folders are named labkit-MARK-…: see process.scratch_folder."""
    removed = []
    for folder in Path(tempfile.gettempdir()).glob(f"{TEMP_PREFIX}*-*-*"):
        if folder.is_dir():
            removed += owned_files.remove_left(folder, mark_in(folder.name), judge)
    return removed
