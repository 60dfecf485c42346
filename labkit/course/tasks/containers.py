"""Tasks about one container: its rights, its limits, its layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.backends.docker import looked_at
from labkit.course.tasks.task import task
from labkit.units import MIB

HALF = 0.5
LEAST_CPUS, MOST_CPUS = 0.02, 0.35
DEFAULT_PERIOD_US = 100_000  # cpu.cfs_period_us
WORKED_S, IDLE_CPUS = 1.0, 0.05


@task(
    "01-hardened",
    hint="`docker run --help` has two options whose names say what they do: cap-drop, read-only",
    way=("docker run OPTIONS -d --name lab-hard --cap-drop ALL --read-only IMAGE sleep 600",),
    clean_up="docker rm -f lab-hard",
)
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


@task(
    "03-limit",
    hint="the limit is the option --memory of `docker run`, such as --memory 32m",
    way=("docker run OPTIONS --name lab-limit --memory 32m IMAGE tail /dev/zero || echo $?",),
    clean_up="docker rm lab-limit",
)
def over_its_limit() -> str:
    """A container that wanted more memory than its limit."""
    if (container := looked_at.container("lab-limit")) is None:
        return "there is no container `lab-limit`"
    limit = container["HostConfig"]["Memory"]
    if not limit:
        return "it has no memory limit"
    if not 0 < limit <= 64 * MIB:
        return f"its memory limit is {limit // MIB} MiB, and not between 1 and 64"
    if not container["State"]["OOMKilled"]:
        return "the kernel has not ended it for want of memory"
    return ""


def _throttled() -> str:
    periods, times = looked_at.throttled("lab-half") or (0, 0)
    return f"The kernel made it wait in {times} of {periods} periods of its limit."


def _limit_of(settings: Mapping[str, Any]) -> float:
    """How many CPUs' time a container may have; 0 for no limit."""
    quota = max(settings["CpuQuota"], 0) / (settings["CpuPeriod"] or DEFAULT_PERIOD_US)
    return float(settings["NanoCpus"] / 1e9 or quota)


@task(
    "04-half",
    hint="the option --cpus of `docker run`; --cpuset-cpus chooses a processor, and is no part",
    way=(
        "docker run OPTIONS -d --name lab-half --cpus 0.5 IMAGE sh -c 'while :; do :; done'",
        "sleep 2",
        "docker exec lab-half busybox sh -c 'cat /sys/fs/cgroup/cpu.stat || "
        "cat /sys/fs/cgroup/cpu/cpu.stat'",
    ),
    clean_up="docker rm -f lab-half",
    seen=_throttled,
)
def held_to_half() -> str:
    """A container that wants a whole CPU, and that the kernel holds to half of one. What it takes
    on a busy computer proves nothing: that it was made to wait does."""
    if (container := looked_at.container("lab-half")) is None:
        return "there is no container `lab-half`"
    settings = container["HostConfig"]
    part = _limit_of(settings)
    if not part and settings["CpusetCpus"]:
        return "it was told which CPU to use, and may use all of it"
    if not part:
        return "it has no limit of its CPU time"
    if part != HALF:
        return f"its limit is {part:g} CPUs, and not half of one"
    if not container["State"]["Running"]:
        return "it does not run"
    if not (looked_at.throttled("lab-half") or (0, 0))[1]:
        return "the kernel never had to hold it back: its program wants less than its limit"
    return ""


@task(
    "05-layer",
    hint="`docker commit CONTAINER IMAGE` makes a layer of what a container has written",
    way=(
        "docker run OPTIONS --name lab-writer IMAGE sh -c 'echo kept > /note'",
        "docker commit lab-writer lab-note",
        "docker rm lab-writer",
    ),
    clean_up="docker rmi lab-note",
)
def kept_layer() -> str:
    """A file that outlives its container, in a layer of an image."""
    if (files := looked_at.files_of("lab-note")) is None:
        return "there is no image `lab-note`"
    if not any(name.strip("./") == "note" for name in files):
        return "no layer of the image `lab-note` holds a file `/note`"
    if looked_at.container("lab-writer") is not None:
        return "the container `lab-writer` is still there: does the file outlive it?"
    return ""


@task(
    "06-noisy",
    hint="`docker update --cpus` changes the limit of a container that runs",
    way=(
        "docker run OPTIONS -d --name lab-noisy IMAGE sh -c 'while :; do :; done'",
        "docker update --cpus 0.2 lab-noisy",
    ),
    clean_up="docker rm -f lab-noisy",
)
def tamed() -> str:
    """A noisy neighbour that still works, and is kept to a small part of one processor. On a busy
    computer it takes little without any limit: so both the limit and its use are looked at."""
    if (container := looked_at.container("lab-noisy")) is None:
        return "there is no container `lab-noisy`"
    settings = container["HostConfig"]
    if not (limit := _limit_of(settings)):
        return "it has no limit of its CPU time"
    if limit > MOST_CPUS:
        return f"its limit is {limit:g} CPUs; at most a third of one is asked for"
    cpus = looked_at.cpus_used("lab-noisy") or 0.0
    if cpus < LEAST_CPUS:
        return f"it takes {cpus:.2f} CPUs: it is to go on working, not to be stopped"
    return "" if cpus <= MOST_CPUS else f"it takes {cpus:.2f} CPUs; a third of one is enough"


def _after_its_work() -> str:
    spent = looked_at.cpu_spent("lab-worked") or 0.0
    return f"It has taken {spent:.1f} s of CPU time, and takes none now: see `docker stats`."


@task(
    "13-late",
    hint="a loop that counts to three million takes a second or more; sleep keeps it alive",
    way=(
        "docker run OPTIONS -d --name lab-worked IMAGE sh -c "
        "'i=0; while [ $i -lt 3000000 ]; do i=$((i + 1)); done; echo done; sleep 600'",
        "until docker logs lab-worked | grep done; do sleep 1; done",
        "docker stats --no-stream lab-worked",
    ),
    clean_up="docker rm -f lab-worked",
    seen=_after_its_work,
)
def worked() -> str:
    """A container that has worked hard, and of which a late reading shows nothing."""
    if (container := looked_at.container("lab-worked")) is None:
        return "there is no container `lab-worked`"
    if not container["State"]["Running"]:
        return "it does not run any more: `docker stats` has no line of it"
    if (looked_at.cpus_used("lab-worked") or 0.0) > IDLE_CPUS:
        return "it still works: wait until its work has ended"
    spent = looked_at.cpu_spent("lab-worked") or 0.0
    return "" if spent >= WORKED_S else f"it has taken {spent:.2f} s of CPU time: give it more work"
