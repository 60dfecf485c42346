"""Tasks about how a container begins, and begins again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from labkit.backends.docker import looked_at
from labkit.course.tasks import processes
from labkit.course.tasks.task import task

SLEEP = "4242"
LATER_S = 2.0


@task(
    "00-sides",
    hint="`docker top CONTAINER` has the numbers that the host gives to a container's processes",
    way=(
        f"sleep {SLEEP} &",
        f"docker run OPTIONS -d --name lab-sides IMAGE sleep {SLEEP}",
        "docker exec lab-sides busybox ps",
        "docker top lab-sides",
        "docker rename lab-sides lab-sides-$(docker inspect -f '{{.State.Pid}}' lab-sides)",
    ),
    clean_up="docker rm -f $(docker ps -aqf name=lab-sides); kill %1",
)
def both_sides() -> str:
    """One program as a bare process and in a container: which of the host's numbers is whose?"""
    bare = {process.pid for process in processes.sleeping(SLEEP)}
    found = looked_at.named("lab-sides")
    if not found:
        return "there is no container whose name begins with `lab-sides`"
    pid = int(found[0]["State"]["Pid"])
    if not pid:
        return "the container does not run"
    if not bare - {pid}:
        return f"there is no bare process `sleep {SLEEP}` beside it"
    number = found[0]["Name"].rpartition("lab-sides")[2].lstrip("-")
    if number == "1":
        return "1 is the number that the container gives to its process; the host has another one"
    if number in map(str, bare - {pid}):
        return f"{number} is the bare process; both have the same name, and one hangs below a shim"
    if number.isdigit() and int(number) != pid:
        return f"no process of the container has the number {number} on the host"
    return "" if number else "its name does not end in its process's number yet: docker rename"


def _moments(container: Mapping[str, Any]) -> tuple[float, float] | None:
    """Seconds from created to started, and from there to the line `ready`; None without one."""
    created, started = (
        datetime.fromisoformat(text)
        for text in (container["Created"], container["State"]["StartedAt"])
    )
    for at, line in looked_at.said("lab-late") or ():
        if line == "ready":
            return (started - created).total_seconds(), (at - started).total_seconds()
    return None


def _late() -> str:
    container = looked_at.container("lab-late")
    moments = container and _moments(container)
    if not moments:
        return ""
    return f"Created → started: {moments[0]:.2f} s; started → ready: {moments[1]:.2f} s."


@task(
    "02-late",
    hint="sleep first, then echo ready, in one line of shell: sh -c '…; …; …'",
    way=(
        "docker run OPTIONS -d --name lab-late IMAGE sh -c 'sleep 3; echo ready; sleep 600'",
        "sleep 4",
        "docker inspect -f '{{.Created}} {{.State.StartedAt}}' lab-late",
        "docker logs -t lab-late",
    ),
    clean_up="docker rm -f lab-late",
    seen=_late,
)
def late() -> str:
    """A container that is ready a while after it was started."""
    if (container := looked_at.container("lab-late")) is None:
        return "there is no container `lab-late`"
    if container["State"]["StartedAt"].startswith("0001"):
        return "it was created, and never started"
    if (moments := _moments(container)) is None:
        return "it has not said `ready`, on a line of its own"
    if moments[1] < LATER_S:
        return f"it said `ready` {moments[1]:.2f} s after it was started, and not {LATER_S:g} s"
    return "" if container["State"]["Running"] else "it does not run any more"


@task(
    "12-promise",
    hint="the option --restart of `docker run`; a container that `docker kill` or `docker stop` "
    "ends was meant to end, and stays so",
    way=(
        "docker run OPTIONS -d --name lab-promise --restart always IMAGE sh -c "
        "'trap \"exit 1\" TERM; while :; do sleep 1; done'",
        "docker exec lab-promise busybox kill 1",
        "sleep 3",
    ),
    clean_up="docker rm -f lab-promise",
)
def kept_promise() -> str:
    """A container that comes back by itself when its program has failed."""
    if (container := looked_at.container("lab-promise")) is None:
        return "there is no container `lab-promise`"
    if container["HostConfig"]["RestartPolicy"]["Name"] in ("", "no"):
        return "nobody has promised that it comes back: it has no restart policy"
    running = container["State"]["Running"]
    if not container["RestartCount"]:
        return "its program has not failed yet" if running else "somebody has ended it on purpose"
    return "" if running else "it was started again, and does not run now"
