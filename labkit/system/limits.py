"""To what a process is really held: by its control groups and all above them, by the CPUs that it
may use, by the size of its address space and of its data.

Files: kernel's admin-guide/cgroup-v1/memory, scheduler/sched-bwc, and admin-guide/cgroup-v2;
Cpus_allowed of /proc/PID/status, a cpuset's too, and /proc/PID/limits: proc(5). All of it is read
there and not asked by system calls, which may count processes otherwise (pid_namespaces(7)).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from labkit.system import cgroups


@dataclass(frozen=True)
class Held:
    """What may be used: memory in bytes, CPUs (half of one is 0.5); None is what is not known.
    Without a limit it is all that the computer has."""

    memory_bytes: int | None = None
    cpus: float | None = None


def of_process(
    pid: int | str,
    *,
    mount: Path = cgroups.MOUNT,
    proc: Path = Path("/proc"),
    total: int | None = None,
    online: int | None = None,
) -> Held:
    """The tightest of what holds a process. Nothing is known of one that is not to be seen."""
    try:
        text = (proc / str(pid) / "cgroup").read_text(encoding="utf-8", errors="replace")
        status = (proc / str(pid) / "status").read_text(encoding="utf-8", errors="replace")
        own = (proc / str(pid) / "limits").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Held()
    mask = re.search(r"^Cpus_allowed:\s*([0-9a-f,]+)$", status, re.MULTILINE)
    # What a program maps for itself counts as data, too (setrlimit(2)).
    spaces = re.findall(r"^Max (?:address space|data size)\s+(\d+)", own, re.MULTILINE)
    memory = cgroups.chain("memory", text, mount=mount)
    quotas = (cgroups.quota(folder) for folder in cgroups.chain("cpu", text, mount=mount))
    limits = [cgroups.memory_limit(folder) for folder in memory]
    limits += [int(space) for space in spaces]
    cpus = [float(int(mask[1].replace(",", ""), 16).bit_count())] if mask else []
    # The mask holds CPUs, too, that might be plugged in: of a VMware guest with 4 of them 128.
    cpus += [float(online or os.cpu_count() or cpus[0])] if cpus else []
    whole = psutil.virtual_memory().total if total is None else total
    return Held(
        min([whole, *(limit for limit in limits if limit is not None)]),
        min([*cpus, *(quota for quota in quotas if quota is not None)], default=None),
    )


def around_the_lab() -> str:
    """What this very process is held to, in words; empty where it may use the whole computer."""
    held, words = of_process("self"), []
    if held.cpus is not None and held.cpus < len(os.sched_getaffinity(0)):
        words.append(f"{held.cpus:g} CPUs")
    if held.memory_bytes is not None and held.memory_bytes < psutil.virtual_memory().total:
        words.append(f"{held.memory_bytes >> 20} MiB")
    return " and ".join(words)


def not_limited(who: str, kept: Mapping[str, bool]) -> tuple[str, ...]:
    """A sentence for each limit, of memory and of CPUs, that this one does not keep. A limit of
    CPUs needs nobody who keeps it where there is one only."""
    return tuple(
        f"{who} cannot limit {what}: such a limit does not hold for these containers, and they are "
        "not compared as if it did"
        for what, is_kept in kept.items()
        if not is_kept and (what != "CPUs" or os.cpu_count() != 1)
    )


def tightest(held: Iterable[Held]) -> Held:
    """What holds where all of these do."""
    known = list(held)
    return Held(
        min((one.memory_bytes for one in known if one.memory_bytes is not None), default=None),
        min((one.cpus for one in known if one.cpus is not None), default=None),
    )
