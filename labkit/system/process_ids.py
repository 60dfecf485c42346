"""Whether a process id means here what it means there, pid_namespaces(7), and since when."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

from labkit.system.owner_marks import started

PROC = Path("/proc")


def counted_here(pid: int, *, proc: Path = PROC) -> bool:
    """Whether a process that is seen here is in the PID namespace of this /proc, and not in one
    below it: NSpid of /proc/PID/status (proc(5)) has a number for each one from here on."""
    with suppress(OSError):
        text = (proc / str(pid) / "status").read_text(encoding="utf-8", errors="replace")
        pids = re.search(r"^NSpid:\t(.+)$", text, re.MULTILINE)
        return pids is not None and len(pids[1].split()) == 1
    return False


def belongs(pid: int, container: str, *, proc: Path = PROC) -> bool:
    """Whether the process with this number is proven to be of the container with this name: its
    control group is named after it, or the file that is mounted as its /etc/hosts (the fourth and
    fifth field of a line of mountinfo): the host's processes, too, see where the container's own
    mounts are. A daemon that counts otherwise names a number that is a stranger's, or nobody's."""
    whole = rf"(?<![0-9A-Za-z]){re.escape(container)}(?![0-9A-Za-z])"
    etc = rf"^(?:\S+ ){{3}}\S*{whole}\S* /etc/(?:hosts|hostname|resolv\.conf) "
    for name, proof in (("cgroup", whole), ("mountinfo", etc)):
        with suppress(OSError):
            text = (proc / str(pid) / name).read_text(encoding="utf-8", errors="replace")
            if re.search(proof, text, re.MULTILINE):
                return True
    return False


def began(pid: int) -> float | None:
    """When a process of this Linux began, in seconds of the host's monotonic clock, rounded down
    to the kernel's ticks of 0.01 s: field 22 of /proc/PID/stat (proc(5)), which counts on while the
    computer sleeps. None for one that has ended."""
    ticks = started(pid)
    slept = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    return None if ticks is None else int(ticks) / os.sysconf("SC_CLK_TCK") - slept
