"""Meters → samples: what an instance costs, read from the host's side.

Of its processes (process_usage.py) and of its control group (cgroups.py). The meter HOST reads what
is left of the whole computer's memory. What cannot be read is None, and so is what is not read each
time: between named moments the group's counters stand for its processes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import psutil

from labkit.backends.instance import Meter
from labkit.system import cgroups, host, process_usage
from labkit.system.clock import Clock
from labkit.system.process_usage import ProcessUsage

N = TypeVar("N", int, float)

# The whole computer: what of its memory could be used without swapping.
HOST = Meter("host", "host")

# Four times a second: each reading takes the host some milliseconds (benchmarks/sampler_cost.py).
INTERVAL_S = 0.25
# How often the memory of processes is read, besides at named moments: the kernel adds up all that
# they map, which takes 0.3 ms of a container's, and 3 ms of a daemon's.
MEMORY_S, SERVICES_S = 0.5, 1.0

# How often all processes of a meter are read where one has ended meanwhile; programs that come and
# go all the time (the workload `fork`) are never all there.
TRIES = 3


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
    daemon_bytes: int | None = None
    daemon_cpu_s: float | None = None


@dataclass(frozen=True)
class TimedReading:
    """at: the host's clock; moment: why it was taken, None for a periodic reading."""

    at: float
    moment: str | None
    meter: Meter
    reading: Reading


def read(meter: Meter, *, memory: bool = True, named: bool = True) -> Reading:
    """One reading of the meter's processes together, and of its control group. Without `memory`
    that of the processes stays empty, and where a group counts their CPU time, so do they. What is
    only asked between two moments, or once in the end (schedstat_s, cgroup_peak_bytes), is read
    where the moment is `named`. Services have no schedstat_s: their programs come and go."""
    if meter.role == "host":
        return Reading(host_available_bytes=host.memory_available())
    if meter.why:
        return Reading(**meter.told())
    if not meter.pids:  # all of it has ended: its CPU time is known, and it holds no memory
        return Reading(0, meter.spent_s, 0, 0, 0)
    group = _group(meter, named)
    if not memory and "cgroup_cpu_s" in group:
        return Reading(**group)
    scheduled = named and meter.role != "services"
    found = _together(_processes(meter, memory, scheduled), meter.spent_s)
    return replace(found, **group) if group else found


def _group(meter: Meter, named: bool) -> dict[str, Any]:
    """What its control group counts; empty where it has none."""
    if meter.cgroup is None and meter.cpu_cgroup is None:
        return {}
    usage = cgroups.read(meter.cgroup, meter.cpu_cgroup, peak=named)
    told = {
        "cgroup_bytes": usage.bytes,
        "cgroup_peak_bytes": usage.peak_bytes,
        "cgroup_cpu_s": usage.cpu_s,
    }
    return {name: value for name, value in told.items() if value is not None}


def _processes(meter: Meter, memory: bool, scheduled: bool) -> list[ProcessUsage]:
    """A process that ends hands its CPU time to its parent, which was read before it: where one was
    gone when its turn came, its time would be in neither, so all are read anew."""
    found: list[ProcessUsage] = []
    for _ in range(TRIES):
        pids = _pids(meter)
        read_now = [(pid, process_usage.read(pid, memory, scheduled)) for pid in pids]
        found = [
            reading._replace(rss=0, pss=0, uss=0) if memory and pid in meter.sharing else reading
            for pid, reading in read_now
            if reading
        ]
        if len(found) == len(pids):
            break
    return found


def _together(found: Sequence[ProcessUsage], spent_s: float) -> Reading:
    """The sums over some processes, and what ended ones have spent before."""
    if not found:
        return Reading(processes=0, cpu_s=spent_s or None)
    return Reading(
        processes=len(found),
        cpu_s=sum(process.cpu_s for process in found) + spent_s,
        rss_bytes=_sum(process.rss for process in found),
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
        memory_s: float = MEMORY_S,
        read: Callable[..., Reading] = read,
    ) -> None:
        """memory_s: how often the memory of processes is read, besides at named moments."""
        self._clock = clock
        self._interval = interval
        self._memory_s = memory_s
        self._read = read
        self._meters: tuple[Meter, ...] = ()
        self._readings: list[TimedReading] = []
        self._memory_at: dict[Meter, float] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def meters(self) -> tuple[Meter, ...]:
        """What is read."""
        with self._lock:
            return self._meters

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
                due = self._is_due(meter, at, moment)
                if meter.why and not due:  # to ask somebody else for it costs more than to read
                    continue
                reading = self._read(meter, memory=due, named=moment is not None)
                self._readings.append(TimedReading(at, moment, meter, reading))

    def _is_due(self, meter: Meter, at: float, moment: str | None) -> bool:
        """Whether the memory of a meter's processes is to be read, too."""
        last = self._memory_at.get(meter, float("-inf"))
        seldom = meter.role == "services" or meter.why
        period = SERVICES_S if seldom else self._memory_s
        due = moment is not None or at >= last + 0.9 * period  # a tick may come early
        if due:
            self._memory_at[meter] = at
        return due

    def _watch(self) -> None:
        while not self._stopped.wait(self._interval):
            self.take()


def processes_of(meter: Meter) -> list[psutil.Process]:
    """Those that a meter reads now."""
    found = []
    for pid in _pids(meter):
        with suppress(psutil.Error):
            found.append(psutil.Process(pid))
    return found


def _pids(meter: Meter) -> list[int]:
    """Each once, though it may be named and be another one's child."""
    trees = (
        [root, *process_usage.descendants(root)] if meter.tree else [root] for root in meter.pids
    )
    return list(dict.fromkeys(pid for tree in trees for pid in tree))


def _sum(values: Iterable[N | None]) -> N | None:
    """The sum, or None when any part of it is unknown."""
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
