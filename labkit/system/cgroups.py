"""Control groups, version 1 and 2: where a process is accounted, and what the kernel counts there.

Version 1 has a tree for each controller, version 2 one for all (cgroups(7)); a process may be in
both at once, on a system that uses version 1 for resources and 2 for names. Files: kernel's
admin-guide/cgroup-v1/{memory,cpuacct} and admin-guide/cgroup-v2.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Usage:
    """What a control group uses; None is what the kernel does not tell."""

    bytes: int | None = None
    peak_bytes: int | None = None
    cpu_s: float | None = None


def folder_of(controller: str, memberships: str, *, mount: Path = MOUNT) -> Path | None:
    """The folder in which a controller accounts a process, from the text of its
    /proc/PID/cgroup: lines `number:controllers:path`, version 2's without controllers."""
    unified = None
    for line in memberships.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(","):
            return _there(mount / controllers, path) or _there(mount / controller, path)
        if not controllers and path:
            unified = _there(mount, path)
    return unified


def of_process(
    pid: int, name: str, *, mount: Path = MOUNT, proc: Path = Path("/proc")
) -> tuple[Path | None, Path | None]:
    """The folders of the memory and CPU accounting of a container's process. Where a controller
    has no group with the container's name, it counts the process in a group of others."""
    with suppress(OSError):
        text = (proc / str(pid) / "cgroup").read_text(encoding="utf-8", errors="replace")
        folders = (folder_of(each, text, mount=mount) for each in ("memory", "cpuacct"))
        memory, cpu = (folder if folder and name in str(folder) else None for folder in folders)
        return memory, cpu
    return None, None


def chain(controller: str, memberships: str, *, mount: Path = MOUNT) -> list[Path]:
    """The folders in which a controller holds a process: its group's, and all above it up to where
    the tree is mounted. In a container that is its own group, whatever the path says."""
    tree, path = None, ""
    for line in memberships.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, named = rest.partition(":")
        if controller in controllers.split(","):
            candidates = (mount / name for name in (controllers, controller))
            tree, path = next((each for each in candidates if each.is_dir()), None), named
            break
        if not controllers and (mount / "cgroup.controllers").exists():
            tree, path = mount, named
    if tree is None:
        return []
    folder = tree / path.lstrip("/")
    if not folder.is_dir():
        return [tree]
    return [folder, *(each for each in folder.parents if each == tree or tree in each.parents)]


def memory_limit(folder: Path) -> int | None:
    """None where there is none: a group without one has the word max there, or no file. Above
    memory.high nobody is refused anything, but the kernel takes back at once what is asked for."""
    limits = (_first_number(folder, "memory.max", "memory.limit_in_bytes"),
              _first_number(folder, "memory.high"))  # fmt: skip
    return min((limit for limit in limits if limit is not None), default=None)


def quota(folder: Path) -> float | None:
    """How many CPUs' time a group may use; None for all of it. Version 1 has -1 for that."""
    with suppress(OSError, ValueError):
        time, _, period = (
            (folder / "cpu.max").read_text(encoding="utf-8", errors="replace").partition(" ")
        )
        return int(time) / int(period)
    time_us = _first_number(folder, "cpu.cfs_quota_us")
    period_us = _first_number(folder, "cpu.cfs_period_us")
    return time_us / period_us if time_us and time_us > 0 and period_us else None


def read(memory: Path | None, cpu: Path | None, *, peak: bool = True) -> Usage:
    """What is used now; with `peak`, the most that it was, too."""
    most = ("memory.peak", "memory.max_usage_in_bytes")
    return Usage(
        bytes=_first_number(memory, "memory.current", "memory.usage_in_bytes"),
        peak_bytes=_first_number(memory, *most) if peak else None,
        cpu_s=_cpu_s(cpu),
    )


def _there(tree: Path, path: str) -> Path | None:
    """None for the root group too: it accounts the whole computer."""
    if path == "/":
        return None
    folder = tree / path.lstrip("/")
    return folder if folder.is_dir() else None


def _first_number(folder: Path | None, *names: str) -> int | None:
    if folder is None:
        return None
    for name in names:
        with suppress(OSError, ValueError):
            return int(text_of(f"{folder}/{name}"))
    return None


def _cpu_s(folder: Path | None) -> float | None:
    """Version 1 counts nanoseconds, version 2 microseconds."""
    nanoseconds = _first_number(folder, "cpuacct.usage")
    if nanoseconds is not None:
        return nanoseconds / 1e9
    if folder is not None:
        with suppress(OSError, ValueError):
            for line in text_of(f"{folder}/cpu.stat").splitlines():
                name, _, value = line.partition(b" ")
                if name == b"usage_usec":
                    return int(value) / 1e6
    return None


def text_of(file: str) -> bytes:
    """A file of the kernel's, at once and whole."""
    with open(file, "rb", buffering=0) as opened:  # noqa: PTH123  a Path costs as much as reading
        return opened.readall()
