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
    pid: int, *, mount: Path = MOUNT, proc: Path = Path("/proc")
) -> tuple[Path | None, Path | None]:
    """The folders of a process's memory and CPU accounting."""
    with suppress(OSError):
        text = (proc / str(pid) / "cgroup").read_text()
        return folder_of("memory", text, mount=mount), folder_of("cpuacct", text, mount=mount)
    return None, None


def read(memory: Path | None, cpu: Path | None) -> Usage:
    """What is used now."""
    return Usage(
        bytes=_first_number(memory, "memory.current", "memory.usage_in_bytes"),
        peak_bytes=_first_number(memory, "memory.peak", "memory.max_usage_in_bytes"),
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
            return int((folder / name).read_text())
    return None


def _cpu_s(folder: Path | None) -> float | None:
    """Version 1 counts nanoseconds, version 2 microseconds."""
    nanoseconds = _first_number(folder, "cpuacct.usage")
    if nanoseconds is not None:
        return nanoseconds / 1e9
    if folder is not None:
        with suppress(OSError, ValueError):
            for line in (folder / "cpu.stat").read_text().splitlines():
                name, _, value = line.partition(" ")
                if name == "usage_usec":
                    return int(value) / 1e6
    return None
