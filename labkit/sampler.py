"""Meters → samples: what an instance costs, read from the host's side.

Processes are read by psutil: CPU time from /proc/PID/stat (proc(5)), with the time of children
that were waited for; PSS and USS from /proc/PID/smaps_rollup. A control group's memory is its
kernel counter (cgroup v1 memory.usage_in_bytes, v2 memory.current). What cannot be read is None.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

from labkit.backends.base import Meter
from labkit.process import Clock

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


@dataclass(frozen=True)
class TimedReading:
    """at: the host's clock; moment: why it was taken, None for a periodic reading."""

    at: float
    moment: str | None
    meter: Meter
    reading: Reading


def read(meter: Meter) -> Reading:
    """One reading of the meter's processes together, and of its control group."""
    cgroup = _read_cgroup(meter.cgroup) if meter.cgroup else None
    found = [reading for process in _processes(meter) if (reading := _read_process(process))]
    if not found:
        return Reading(processes=0, cpu_s=meter.spent_s or None, cgroup_bytes=cgroup)
    cpu, rss, pss, uss = zip(*found, strict=True)
    spent = sum(cpu) + meter.spent_s
    return Reading(len(found), spent, sum(rss), _sum(pss), _sum(uss), cgroup)


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
            return list(self._readings)

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


def _read_process(
    process: psutil.Process,
) -> tuple[float, int, int | None, int | None] | None:
    """(cpu_s, rss, pss, uss) of one process, None when it is gone. A process that has ended but
    was not waited for yet still counts its CPU time; its memory is gone."""
    try:
        times = process.cpu_times()
        cpu = times.user + times.system + times.children_user + times.children_system
        memory = process.memory_info().rss
    except psutil.Error:
        return None
    try:
        full = process.memory_full_info()
        return cpu, memory, getattr(full, "pss", None), full.uss
    except psutil.Error:
        return cpu, memory, None, None


def _sum(values: Iterable[int | None]) -> int | None:
    """The sum, or None when any part of it is unknown."""
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)


def _read_cgroup(folder: Path) -> int | None:
    for name in ("memory.current", "memory.usage_in_bytes"):
        with suppress(OSError, ValueError):
            return int((folder / name).read_text())
    return None
