"""Meters → samples: what an instance costs, read from the host's side.

Processes are read by psutil: CPU time from /proc/PID/stat (proc(5)), with the time of children
that were waited for; PSS and USS from /proc/PID/smaps_rollup. The same CPU time comes from the
scheduler too (/proc/PID/task/TID/schedstat: of threads that live, in nanoseconds) and, with
memory, from a control group's own counters (labkit/cgroups.py). The meter HOST reads what is left
of the whole computer's memory. What cannot be read is None.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TypeVar

import psutil

from labkit import cgroups, host
from labkit.backends.base import Meter
from labkit.process import Clock

N = TypeVar("N", int, float)

# The whole computer: what of its memory could be used without swapping.
HOST = Meter("host", "host")

# Four times a second: each reading takes the host some milliseconds (benchmarks/sampler_cost.py).
INTERVAL_S = 0.25


@dataclass(frozen=True)
class Reading:
    """One reading of one meter; None is what could not be read."""

    processes: int | None = None
    cpu_s: float | None = None
    rss_bytes: int | None = None
    pss_bytes: int | None = None
    uss_bytes: int | None = None
    cgroup_bytes: int | None = None
    cgroup_peak_bytes: int | None = None
    guest_used_bytes: int | None = None
    host_available_bytes: int | None = None
    cgroup_cpu_s: float | None = None
    schedstat_s: float | None = None


class _Process(NamedTuple):
    """What was read of one process."""

    cpu_s: float
    rss: int
    pss: int | None
    uss: int | None
    schedstat_s: float | None


@dataclass(frozen=True)
class TimedReading:
    """at: the host's clock; moment: why it was taken, None for a periodic reading."""

    at: float
    moment: str | None
    meter: Meter
    reading: Reading


def read(meter: Meter) -> Reading:
    """One reading of the meter's processes together, and of its control group."""
    if meter.role == "host":
        return Reading(host_available_bytes=host.memory_available())
    if not meter.pids:  # all of it has ended: its CPU time is known, and it holds no memory
        return Reading(0, meter.spent_s, 0, 0, 0)
    usage = cgroups.read(meter.cgroup, meter.cpu_cgroup)
    found = [reading for process in _processes(meter) if (reading := _read_process(process))]
    return replace(
        _together(found, meter.spent_s),
        cgroup_bytes=usage.bytes,
        cgroup_peak_bytes=usage.peak_bytes,
        cgroup_cpu_s=usage.cpu_s,
    )


def _together(found: Sequence[_Process], spent_s: float) -> Reading:
    """The sums over some processes, and what ended ones have spent before."""
    if not found:
        return Reading(processes=0, cpu_s=spent_s or None)
    return Reading(
        processes=len(found),
        cpu_s=sum(process.cpu_s for process in found) + spent_s,
        rss_bytes=sum(process.rss for process in found),
        pss_bytes=_sum(process.pss for process in found),
        uss_bytes=_sum(process.uss for process in found),
        schedstat_s=_sum(process.schedstat_s for process in found),
    )


class Sampler:
    """Reads its meters every `interval` seconds in a thread of its own, and when asked to."""

    def __init__(
        self,
        clock: Clock,
        *,
        interval: float = INTERVAL_S,
        read: Callable[[Meter], Reading] = read,
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._read = read
        self._meters: tuple[Meter, ...] = ()
        self._readings: list[TimedReading] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def readings(self) -> list[TimedReading]:
        """All readings so far, in the order of their time."""
        with self._lock:
            return sorted(self._readings, key=lambda reading: reading.at)

    def note(self, at: float, moment: str, meter: Meter, reading: Reading) -> None:
        """Adds a reading that somebody else has made."""
        with self._lock:
            self._readings.append(TimedReading(at, moment, meter, reading))

    def add(self, meters: Iterable[Meter]) -> None:
        """From now on these meters are read as well."""
        with self._lock:
            self._meters += tuple(meters)

    def take(self, moment: str | None = None) -> None:
        """Reads every meter now."""
        with self._lock:
            for meter in self._meters:
                at = self._clock.now()
                self._readings.append(TimedReading(at, moment, meter, self._read(meter)))

    def _watch(self) -> None:
        while not self._stopped.wait(self._interval):
            self.take()


def _processes(meter: Meter) -> list[psutil.Process]:
    pids = [
        pid
        for root in meter.pids
        for pid in ([root, *_descendants(root)] if meter.tree else [root])
    ]
    found = []
    for pid in pids:
        with suppress(psutil.Error):
            found.append(psutil.Process(pid))
    return found


def _descendants(root: int) -> list[int]:
    """The ids of all children and children's children. From /proc/PID/task/TID/children (proc(5))
    where the kernel has it: psutil reads every process of the computer to find them."""
    try:
        files = list(Path(f"/proc/{root}/task").glob("*/children"))
        children = [int(pid) for file in files for pid in file.read_text().split()]
    except OSError:
        return []  # it ended meanwhile
    if not files:
        with suppress(psutil.Error):
            return [child.pid for child in psutil.Process(root).children(recursive=True)]
    return children + [pid for child in children for pid in _descendants(child)]


def _read_process(process: psutil.Process) -> _Process | None:
    """None when it is gone. A process that has ended but was not waited for yet still counts its
    CPU time; its memory is gone."""
    try:
        times = process.cpu_times()
        cpu = times.user + times.system + times.children_user + times.children_system
        memory = process.memory_info().rss
    except psutil.Error:
        return None
    scheduled = _schedstat_s(process.pid)
    try:
        full = process.memory_full_info()
        return _Process(cpu, memory, getattr(full, "pss", None), full.uss, scheduled)
    except psutil.Error:
        return _Process(cpu, memory, None, None, scheduled)


def _schedstat_s(pid: int) -> float | None:
    """The time that the threads of a process have run: the first field, in nanoseconds (kernel's
    scheduler/sched-stats). A thread that ended takes its time with it."""
    total = 0
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            total += int((thread / "schedstat").read_bytes().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return total / 1e9


def _sum(values: Iterable[N | None]) -> N | None:
    """The sum, or None when any part of it is unknown."""
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
