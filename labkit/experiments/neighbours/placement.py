"""On which CPU victim and neighbour run: what makes a CPU shared, or not.

All that an instance starts inherits the CPU affinity of the thread that launches it
(sched_setaffinity(2)); a container's cpuset is made of the same (`cpu_set`). A virtual
machine's processors are threads of a process of the host, which its scheduler places like any
other. So one means does for all backends.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from labkit.backends.instance import Instance
from labkit.errors import BackendError

TOPOLOGY = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class Cpus:
    """The victim's CPU, and another one (None where there is only one)."""

    victim: int
    other: int | None

    @property
    def neighbour(self) -> int:
        """Where a neighbour runs that shall not compete for the victim's CPU."""
        return self.victim if self.other is None else self.other


def choose() -> Cpus:
    """The first and the last CPU that this process may use: numbers far apart are seldom two
    halves of one core. BackendError where the system has no way to bind a process to a CPU."""
    if not hasattr(os, "sched_setaffinity"):
        raise BackendError(
            "a neighbour cannot be kept on a CPU here",
            details=f"{os.uname().sysname} does not bind a process to a CPU; Linux does",
            resolution="run the experiment on Linux, or read the recorded one in chapter 06",
        )
    usable = sorted(os.sched_getaffinity(0))
    return Cpus(usable[0], usable[-1] if len(usable) > 1 else None)


def share_core(cpus: Cpus) -> bool | None:
    """Whether both are halves of one core (sysfs, cputopology of the kernel's admin-guide)."""
    with suppress(OSError, ValueError):
        text = (TOPOLOGY / f"cpu{cpus.victim}" / "topology/thread_siblings_list").read_text(
            encoding="utf-8"
        )
        return cpus.other in _numbers(text.strip())
    return None


def require_on(instance: Instance, cpu: int) -> None:
    """BackendError when anything of an instance may run on another CPU. Where its processes are
    not to be seen (a daemon in a machine of its own), there is nothing to check."""
    for meter in instance.all_meters():
        for pid in meter.pids if meter.role == "instance" else ():
            for thread in _threads(pid, tree=meter.tree):
                with suppress(ProcessLookupError, PermissionError):
                    allowed = os.sched_getaffinity(thread)
                    if allowed != {cpu}:
                        raise BackendError(
                            f"an instance that belongs on CPU {cpu} may use others",
                            details=f"{meter.name}, thread {thread}: CPUs {sorted(allowed)}",
                        )


def _threads(pid: int, *, tree: bool) -> list[int]:
    ids = []
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in [process, *(process.children(recursive=True) if tree else [])]:
            with suppress(psutil.Error):
                ids += [thread.id for thread in one.threads()]
    return ids


def _numbers(text: str) -> set[int]:
    """A list such as 0-2,5."""
    numbers: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers |= set(range(int(first), int(last or first) + 1))
    return numbers
