"""The control groups that a bundle asks for, version 1 or 2: their limits, and their end.

cgroups(7); the kernel's Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst. What they count is
read by labkit/system/cgroups.py.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labkit.backends.base import Missing, broken
from labkit.backends.piped import instance_name
from labkit.errors import BackendError
from labkit.recordings.facts import Limits
from labkit.system.cgroups import MOUNT as ROOT
from labkit.system.clock import wait_until
from labkit.system.host import cpu_set
from labkit.system.limits import not_limited
from labkit.system.owner_marks import TEMP_PREFIX, mark_in
from labkit.system.ownership import Judge

# Beside version 1's controllers, a hybrid host mounts version 2 here, without controllers.
HYBRID = ROOT / "unified"
CONTROLLERS = {"memory": "memory", "cpuset": "CPUs"}  # each with what it limits
END_TIMEOUT_S = 3.0


def out_of_memory_kills(folder: Path | None) -> int | None:
    """How often the kernel ended a process of this group for its limit; None if not to be read."""
    if folder is None:
        return None
    for name in ("memory.events", "memory.oom_control"):
        with suppress(OSError):
            text = (folder / name).read_text(encoding="utf-8")
            kills = re.search(r"^oom_kill (\d+)$", text, re.MULTILINE)
            if kills:
                return int(kills[1])
    return None


def unified(root: Path = ROOT) -> bool:
    """Whether version 2 is all there is."""
    return (root / "cgroup.controllers").exists()


def holds(controller: str, root: Path = ROOT) -> bool:
    """Whether groups can be limited by this controller (memory, cpuset): a kernel may be built or
    started without it, and a user's groups may not be given it."""
    with suppress(OSError):
        text = (root / "cgroup.controllers").read_text(encoding="utf-8")
        return controller in text.split()
    return (root / controller).is_dir()


def cautions(root: Path = ROOT) -> tuple[str, ...]:
    """Which limits this computer's control groups do not keep, in sentences."""
    kept = {what: holds(controller, root) for controller, what in CONTROLLERS.items()}
    return not_limited("this computer's kernel", kept)


@contextmanager
def own_group(name: str, limits: Limits, root: Path = ROOT) -> Iterator[list[Path]]:
    """A group of this name with the limits that it can have, for a program that sets none itself:
    the files that it joins by. Where there is version 1, in each tree that limits, counts or names.
    Empty groups are removed by `sweep_named`. BackendError where none can be made."""
    try:
        folders = _made(name, limits, root)
    except OSError as error:
        raise BackendError(
            "no control group can be made that limits memory and processors",
            details=str(error),
            resolution="use this backend where control groups may be changed: not in a container",
        ) from error
    yield [folder / "cgroup.procs" for folder in folders]


def refused() -> Missing | None:
    """Why no such group can be made here: one is tried."""
    name = instance_name()
    try:
        with own_group(name, Limits()):
            return None
    except BackendError as error:
        return broken(error)
    finally:
        sweep_named(name)


def _made(name: str, limits: Limits, root: Path) -> list[Path]:
    cpus, memory = ",".join(map(str, cpu_set(limits.cpus))), str(limits.memory_mib << 20)
    wanted: dict[str, dict[str, str]] = {}  # tree → file → value
    if unified(root):
        wanted[""] = {}
        for controller, settings in (
            ("memory", {"memory.max": memory, "memory.swap.max": "0"}),
            ("cpuset", {"cpuset.cpus": cpus}),
        ):
            if holds(controller, root):
                with suppress(OSError):  # it is given to the groups already, as a rule
                    (root / "cgroup.subtree_control").write_text(f"+{controller}", encoding="utf-8")
                wanted[""] |= settings
    else:
        wanted |= {tree: {} for tree in ("cpuacct", "systemd", "unified")}
        wanted["memory"] = {"memory.limit_in_bytes": memory}
        if limits_swap(root):
            wanted["memory"]["memory.memsw.limit_in_bytes"] = memory
        if holds("cpuset", root):
            nodes = (root / "cpuset/cpuset.mems").read_text(encoding="utf-8")
            wanted["cpuset"] = {"cpuset.cpus": cpus, "cpuset.mems": nodes}
    folders = []
    for tree, settings in wanted.items():
        if not (root / tree).is_dir():
            continue
        folders.append(folder := root / tree / name)
        folder.mkdir()
        for file, value in settings.items():
            (folder / file).write_text(value, encoding="utf-8")
    return folders


def limits_swap(root: Path = ROOT) -> bool:
    """Whether the kernel can limit swap: with memory in version 2, by a boot option in 1."""
    if unified(root):
        return holds("memory", root)
    return (root / "memory" / "memory.memsw.limit_in_bytes").exists()


def sweep(judge: Judge, root: Path = ROOT) -> list[str]:
    """Removes groups named labkit-MARK-… of owners that the judge takes."""
    return _remove(
        folder
        for folder in _groups(root)
        if judge.takes(mark_in(folder.name), f"control group {folder}", ["rmdir", folder])
    )


def sweep_named(name: str, root: Path = ROOT) -> list[str]:
    """Removes the groups of this name."""
    return _remove(folder for folder in _groups(root) if folder.name == name)


def _remove(folders: Iterable[Path]) -> list[str]:
    """With the groups that an engine has made inside them; ends what still runs there: gVisor's
    programs have no environment, so no mark but their group's name."""
    left, removed = list(folders), []
    for pid in {pid for folder in left for pid in _processes(folder)}:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(_processes, left)), timeout=END_TIMEOUT_S, interval=0.01)
    for folder in left:
        with suppress(OSError):  # busy: a process of it still ends; the next sweep will do
            for inner in sorted(folder.rglob("*/"), reverse=True):
                inner.rmdir()
            folder.rmdir()
            removed.append(f"control group {folder}")
    return removed


def _processes(folder: Path) -> list[int]:
    """Of a group and of those inside it; not those that this process cannot name, cgroups(7)."""
    pids: list[int] = []
    for file in folder.rglob("cgroup.procs"):
        with suppress(OSError):
            pids += map(int, file.read_text(encoding="utf-8").split())
    return [pid for pid in pids if pid]


def _groups(root: Path) -> Iterator[Path]:
    """By name, at the top of each hierarchy: that is where a bundle of ours asks for them."""
    yield from root.glob(f"{TEMP_PREFIX}*-*-*")
    yield from root.glob(f"*/{TEMP_PREFIX}*-*-*")
