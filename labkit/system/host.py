"""Facts about the computer that a run is made on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from labkit.record import Record


class Host(Record):
    """Facts about the computer that the run was made on."""

    system: str
    kernel: str
    distribution: str
    machine: str
    cpu_model: str
    cpus: int
    memory_bytes: int
    hypervisor: bool | None
    cgroup_version: int | None
    python: str
    load_1m: float | None
    # An older lab has not asked.
    nice: int | None = None
    policy: str | None = None

    @property
    def emulated(self) -> bool:
        """Whether software emulates its processors: QEMU's tcg names them so (target/i386/cpu.c).
        Its seconds say nothing of any other computer."""
        return self.cpu_model.startswith("QEMU TCG CPU")


def inspect() -> Host:
    """The facts that a reader of a run must know; None is what could not be read."""
    return Host(
        system=platform.system(),
        kernel=platform.release(),
        distribution=_distribution(),
        machine=platform.machine(),
        cpu_model=_cpu_model(),
        cpus=os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        hypervisor=_hypervisor(),
        cgroup_version=_cgroup_version(),
        python=platform.python_version(),
        load_1m=load(),
        nice=nice(),
        policy=policy(),
    )


@dataclass(frozen=True)
class Conditions:
    """What the computer was like just before a trial; None is what could not be read."""

    load_1m: float | None
    memory_available_bytes: int
    cpu_mhz: float | None


def conditions() -> Conditions:
    """The computer's conditions now."""
    return Conditions(load(), memory_available(), _cpu_mhz())


class Steal:
    """How much of the processors' time the computer below took away, since this was made: the
    field `steal` of /proc/stat, proc(5). A computer that is no virtual machine reports zero."""

    def __init__(self) -> None:
        self._before = _steal_and_total()

    def share(self) -> float | None:
        """Between 0 and 1; None where the system has no such field."""
        if self._before is None or (now := _steal_and_total()) is None:
            return None
        stolen, total = (after - before for after, before in zip(now, self._before, strict=True))
        return round(stolen / total, 4) if total > 0 else None


def _steal_and_total() -> tuple[float, float] | None:
    times = psutil.cpu_times()._asdict()
    if "steal" not in times:
        return None
    # Time of guests is counted in the user's time already.
    counted = [value for name, value in times.items() if not name.startswith("guest")]
    return times["steal"], sum(counted)


def cpu_s() -> float:
    """How long the processors have worked since the computer's start, all of them together: time
    that is neither idle, nor waits for a disk, nor was taken away by the computer below."""
    times = psutil.cpu_times()._asdict()
    # Time of guests is counted in the user's time already.
    rest = ("idle", "iowait", "steal", "guest", "guest_nice")
    return float(sum(value for name, value in times.items() if name not in rest))


def _cpu_mhz() -> float | None:
    with suppress(Exception):  # psutil raises many kinds where a virtual machine hides it
        frequency = psutil.cpu_freq()
        return round(frequency.current, 1) if frequency and frequency.current else None
    return None


def load() -> float | None:
    """The load average over a minute, getloadavg(3)."""
    with suppress(OSError, AttributeError):
        return round(os.getloadavg()[0], 2)
    return None


def nice() -> int | None:
    """This process's niceness, which what it starts inherits: getpriority(2)."""
    return os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else None


def policy() -> str | None:
    """Its scheduling policy, which is inherited as well: sched(7), such as SCHED_OTHER."""
    if not hasattr(os, "sched_getscheduler"):
        return None
    # RESET_ON_FORK says that it is not inherited; no name is worse than a number.
    number = os.sched_getscheduler(0) & ~getattr(os, "SCHED_RESET_ON_FORK", 0)
    names = ("SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_IDLE")
    known = {getattr(os, name): name for name in names if hasattr(os, name)}
    return known.get(number, f"policy {number}")


def priority_note(nice: int | None, policy: str | None) -> str:
    """That what a daemon starts had another priority; empty where it had not, or nobody asked."""
    changed = [f"nice {nice}"] if nice else []
    changed += [policy] if policy not in (None, "SCHED_OTHER") else []
    if not changed:
        return ""
    return (
        f"the lab's own priority is changed ({', '.join(changed)}): the processes that it starts "
        "inherit that, containers that a daemon starts do not, so that they are not on equal "
        "terms; measure again with the usual priority"
    )


def memory_available() -> int:
    """What could be used without swapping, in bytes."""
    return int(psutil.virtual_memory().available)


def cpu_set(count: int) -> list[int]:
    """The CPUs that a limit of `count` means: the first ones that this process may use.

    A set and not a share of time: what runs on one CPU for half of the time each must not be
    compared with what runs on two CPUs at once, which may be halves of one core.
    """
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return (usable or list(range(os.cpu_count() or 1)))[:count]


@contextmanager
def on_cpus(cpus: Collection[int]) -> Iterator[None]:
    """What is started in this context runs on these CPUs from its first instruction on: a child
    inherits the affinity of the thread that forks it (sched_setaffinity(2))."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def whole_disk(path: Path) -> Path | None:
    """The device file of the disk that a path lies on, also where it is on a partition of it
    (sysfs(5)); None for what is on no disk of this kernel's."""
    with suppress(OSError):
        number = path.stat().st_dev
        entry = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve(strict=True)
        if (entry / "partition").exists():
            entry = entry.parent
        device = Path("/dev") / entry.name.replace("!", "/")
        return device if device.exists() else None
    return None


def device_error(device: str) -> OSError | None:
    """Why a device does not open, FileNotFoundError where it is not there; None when it opens."""
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return error
    return None


def _distribution() -> str:
    with suppress(OSError):
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.platform())
    return platform.platform()


def _cpu_model() -> str:
    with suppress(OSError):
        model = re.search(r"^model name\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE)
        if model:
            return model[1]
    return platform.processor() or platform.machine()


def _hypervisor() -> bool | None:
    """Whether the CPU says that this computer is itself a guest: the flag of cpuid leaf 1."""
    return None if (flags := cpu_flags()) is None else "hypervisor" in flags


def cpu_flags() -> frozenset[str] | None:
    """What the processor can do and Linux uses; None where there is no such list."""
    with suppress(OSError):
        flags = re.search(r"^flags\s*:(.*)$", _cpuinfo(), re.MULTILINE)
        return frozenset(flags[1].split() if flags else ())
    return None


def in_user_mode() -> bool:
    """Whether this computer's kernel is user-mode Linux: itself a program of another computer."""
    with suppress(OSError):
        return "User Mode Linux" in _cpuinfo()
    return False


def _cpuinfo() -> str:
    return Path("/proc/cpuinfo").read_text(encoding="utf-8")


def _cgroup_version() -> int | None:
    """Which hierarchy the memory controller is in: cgroups(7)."""
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return 2
    return 1 if Path("/sys/fs/cgroup/memory").is_dir() else None
