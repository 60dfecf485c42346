"""Build, break, mend: a task for one's own hands in a terminal, and a check of the real thing.

A task is done when the state of the containers and images says so. The lab looks and changes
nothing: what a student has made is removed by the student.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labkit.backends.docker import looked_at

MIB = 2**20
LEAST_CPUS, MOST_CPUS = 0.02, 0.35


@dataclass(frozen=True)
class Task:
    """missing: what is not as it should be yet, "" when all is. clean_up: what removes it."""

    missing: Callable[[], str]
    clean_up: str


def hardened() -> str:
    """A container that may do as little as the lab's own."""
    if (container := looked_at.container("lab-hard")) is None:
        return "there is no container `lab-hard`"
    settings = container["HostConfig"]
    if settings["Privileged"]:
        return "it is privileged: that gives it all capabilities, whatever was dropped"
    if [name.upper() for name in settings["CapDrop"] or ()] != ["ALL"] or settings["CapAdd"]:
        return "it has capabilities: all of them are to be dropped, and none added"
    if not settings["ReadonlyRootfs"]:
        return "its root folder can be written"
    return "" if container["State"]["Running"] else "it does not run"


def over_its_limit() -> str:
    """A container that wanted more memory than its limit."""
    if (container := looked_at.container("lab-limit")) is None:
        return "there is no container `lab-limit`"
    limit = container["HostConfig"]["Memory"]
    if not 0 < limit <= 64 * MIB:
        return (
            f"its memory limit is {limit // MIB} MiB, and not between 1 and 64"
            if limit
            else ("it has no memory limit")
        )
    if not container["State"]["OOMKilled"]:
        return "the kernel has not ended it for want of memory"
    return ""


def kept_layer() -> str:
    """A file that outlives its container, in a layer of an image."""
    if (files := looked_at.files_of("lab-note")) is None:
        return "there is no image `lab-note`"
    if not any(name.strip("./") == "note" for name in files):
        return "no layer of the image `lab-note` holds a file `/note`"
    if looked_at.container("lab-writer") is not None:
        return "the container `lab-writer` is still there: does the file outlive it?"
    return ""


def tamed() -> str:
    """A noisy neighbour that still works, and is kept to a small part of one processor. On a busy
    computer it takes little without any limit: so both the limit and its use are looked at."""
    if (container := looked_at.container("lab-noisy")) is None:
        return "there is no container `lab-noisy`"
    settings = container["HostConfig"]
    if not (settings["NanoCpus"] or settings["CpuQuota"] > 0):
        return "it has no limit of its CPU time"
    cpus = looked_at.cpus_used("lab-noisy") or 0.0
    if cpus < LEAST_CPUS:
        return f"it takes {cpus:.2f} CPUs: it is to go on working, not to be stopped"
    return "" if cpus <= MOST_CPUS else f"it takes {cpus:.2f} CPUs; a third of one is enough"


TASKS = {
    "01-hardened": Task(hardened, "docker rm -f lab-hard"),
    "03-limit": Task(over_its_limit, "docker rm lab-limit"),
    "05-layer": Task(kept_layer, "docker rmi lab-note"),
    "06-noisy": Task(tamed, "docker rm -f lab-noisy"),
}
