"""Tasks about what carries a boundary: the programs of an engine, or the kernel alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labkit.course.tasks import processes
from labkit.course.tasks.task import task
from labkit.system.owner_marks import TEMP_PREFIX

if TYPE_CHECKING:
    import psutil

DAEMON = "labkit.course.daemon"
SLEEP = "4243"
OWN = {"pid": "processes", "net": "network", "mnt": "mounts"}


def _of_own_daemon() -> tuple[list[psutil.Process], list[psutil.Process]]:
    """Its dockerd and containerd, and its shims."""
    folders = [f"{TEMP_PREFIX}{p.pid}-" for p in processes.with_word(DAEMON)]
    found = [p for folder in folders for p in processes.with_word(folder)]
    shims = [p for p in found if p.name().startswith("containerd-shim")]
    return [p for p in found if p.name() in ("dockerd", "containerd")], shims


def _lives_on() -> str:
    return "dockerd and containerd are gone, and there still are: " + ", ".join(
        f"{process.name()} (process {process.pid})"
        for shim in _of_own_daemon()[1]
        for process in (shim, *shim.children())
    )


@task(
    "07-orphan",
    hint="kill -9 NUMBER of dockerd; the lab's daemon says its number when it begins",
    way=(
        f"python -m {DAEMON} > daemon.txt &  # or in a terminal of its own, where it is read",
        "until grep -q DOCKER_HOST daemon.txt; do sleep 1; done",
        'eval "$(grep DOCKER_HOST daemon.txt)"',
        "image=$(docker images --format '{{.Repository}}:{{.Tag}}' labkit/lab | head -n 1)",
        "docker run OPTIONS -d --name lab-orphan $image sleep 600",
        "kill -9 $(grep -o 'process [0-9]*' daemon.txt | cut -d ' ' -f 2)",
        "sleep 2",
    ),
    clean_up="Ctrl-C where the lab's daemon was started",
    seen=_lives_on,
)
def orphan() -> str:
    """A container whose daemon was killed, and that lives on below its shim."""
    if not processes.with_word(DAEMON):
        return f"no Docker daemon of the lab's own was started: python -m {DAEMON}"
    daemons, shims = _of_own_daemon()
    names = {process.name() for process in daemons}
    if not shims and "dockerd" in names:
        return "no container runs in the lab's own daemon: set DOCKER_HOST as it says"
    if not shims:
        return "its container is gone, too: was there one, and was it dockerd that you killed?"
    if names:
        return f"{' and '.join(sorted(names))} of the lab's own daemon still run"
    if not any(shim.children() for shim in shims):
        return "only the shim is left: the container's program has ended"
    return ""


def _namespaces(process: psutil.Process) -> dict[str, bool]:
    """Kind → whether it is another one than ours."""
    names = sorted(path.name for path in Path("/proc/self/ns").iterdir())
    kinds = [name for name in names if "_for_" not in name]
    theirs, ours = (Path("/proc") / str(who) / "ns" for who in (process.pid, "self"))
    return {kind: (theirs / kind).readlink() != (ours / kind).readlink() for kind in kinds}


def _own_and_shared() -> str:
    kinds = _namespaces(processes.sleeping(SLEEP)[0])
    own = [kind for kind, is_own in kinds.items() if is_own]
    shared = [kind for kind in kinds if kind not in own]
    return f"Its own: {', '.join(own)}. The host's: {', '.join(shared) or 'nothing'}."


@task(
    "11-by-hand",
    hint="unshare(1): --pid --net --mount-proc, with --fork; without root also --map-root-user",
    way=(
        f"unshare --map-root-user --pid --net --mount-proc --fork --kill-child sleep {SLEEP} &",
        "sleep 1",
    ),
    clean_up="kill -9 %1",
    seen=_own_and_shared,
)
def by_hand() -> str:
    """A boundary of namespaces, made without any engine."""
    if not (found := processes.sleeping(SLEEP)):
        return f"there is no process `sleep {SLEEP}`"
    if any(parent.name().startswith("containerd-shim") for parent in found[0].parents()):
        return "an engine has made it: do without one"
    try:
        kinds = _namespaces(found[0])
    except OSError:
        return "it is another user's: start it as the user who runs this notebook"
    shared = [words for kind, words in OWN.items() if not kinds[kind]]
    return f"it still has the host's {' and '.join(shared)}" if shared else ""
