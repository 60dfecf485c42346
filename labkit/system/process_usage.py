"""What one process costs, as the kernel counts it.

CPU time from /proc/PID/stat (proc(5)), with the time of children that were waited for; RSS, PSS and
USS from /proc/PID/smaps_rollup. The same CPU time comes from the scheduler too
(/proc/PID/task/TID/schedstat: of threads that live, in nanoseconds).
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import NamedTuple

import psutil

from labkit.system.cgroups import text_of

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# In the order in which the kernel writes them (proc(5), smaps_rollup).
_MAPPED = re.compile(rb"^(?:Rss|Pss|Private_\w+): +(\d+) kB", re.MULTILINE)


class ProcessUsage(NamedTuple):
    """Seconds and bytes; None is what could not be read, or was not asked for."""

    cpu_s: float
    rss: int | None
    pss: int | None
    uss: int | None
    schedstat_s: float | None


def descendants(root: int) -> list[int]:
    """The ids of all children and children's children. From /proc/PID/task/TID/children (proc(5))
    where the kernel has it: psutil reads every process of the computer to find them."""
    try:
        texts = [text_of(f"/proc/{root}/task/{task}/children") for task in _tasks(root)]
        children = [int(pid) for text in texts for pid in text.split()]
    except OSError:
        # It ended meanwhile, or the kernel does not keep this.
        with suppress(psutil.Error):
            return [child.pid for child in psutil.Process(root).children(recursive=True)]
        return []
    return children + [pid for child in children for pid in descendants(child)]


def read(pid: int, memory: bool, scheduled: bool) -> ProcessUsage | None:
    """None when it is gone. A process that has ended but was not waited for yet still counts its
    CPU time; its memory is gone."""
    try:
        rss, pss, uss = _memory(pid) if memory else (None, None, None)
        return ProcessUsage(_cpu_s(pid), rss, pss, uss, _schedstat_s(pid) if scheduled else None)
    except (OSError, psutil.Error):
        return None


def _cpu_s(pid: int) -> float:
    """User and system time, of the process and of its children that were waited for: fields 14 to
    17 of /proc/PID/stat, behind the program's name, which may hold anything (proc(5))."""
    fields = text_of(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS_A_SECOND


def _tasks(pid: int) -> list[str]:
    return os.listdir(f"/proc/{pid}/task")  # noqa: PTH208  see text_of


def _memory(pid: int) -> tuple[int, int | None, int | None]:
    """RSS, PSS and USS, summed up by the kernel over all that is mapped. The counters of statm,
    which are all that another user may read, lag behind by dozens of pages (proc(5))."""
    with suppress(OSError, ValueError):  # not permitted; or it has ended, and maps nothing
        lines = _MAPPED.findall(text_of(f"/proc/{pid}/smaps_rollup"))
        rss, pss, *private = (1024 * int(size) for size in lines)
        return rss, pss, sum(private)
    with suppress(psutil.Error):  # other systems
        full = psutil.Process(pid).memory_full_info()
        return full.rss, getattr(full, "pss", None), full.uss
    return psutil.Process(pid).memory_info().rss, None, None


def _schedstat_s(pid: int) -> float | None:
    """The time that the threads of a process have run: the first field, in nanoseconds (kernel's
    scheduler/sched-stats). A thread that ended takes its time with it."""
    total = 0
    try:
        for thread in _tasks(pid):
            total += int(text_of(f"/proc/{pid}/task/{thread}/schedstat").split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return total / 1e9
