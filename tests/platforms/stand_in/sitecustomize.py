"""Another operating system's functions, stood in: what Python and psutil tell the lab there.

A folder of its own on PYTHONPATH, so that it holds in each Python of a test, a notebook's kernel
too. It takes effect when labkit is first imported: what belongs to Python itself (its event loop,
psutil's library in C) is loaded before, and stays what it is. LABKIT_STAND_IN says which system.

macOS has neither /proc nor /sys, no CPU affinity, no PSS (psutil's own documentation says which
functions it has where); an ARM computer with Linux only says another processor.
"""

from __future__ import annotations

import importlib
import importlib.abc
import os
import sys
from typing import Any

SYSTEMS = {
    "macos": ("darwin", "Darwin", "24.6.0", "arm64"),
    "arm": ("linux", "Linux", "6.1.0-50-arm64", "aarch64"),
}
HIDDEN = ("/proc", "/sys", "/dev/kvm")
LINUX_ONLY = ("sched_getaffinity", "sched_setaffinity", "pidfd_open")
PSUTIL_LINUX_ONLY = ("cpu_affinity", "rlimit", "memory_maps", "io_counters")
LOADED_BEFORE = (
    *("asyncio", "multiprocessing", "psutil", "subprocess", "tempfile", "urllib.request"),
    "zoneinfo",
)


class _First(importlib.abc.MetaPathFinder):
    """Asked before each import; it finds nothing, and notices labkit's."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        if name == "labkit":
            sys.meta_path.remove(self)
            stand_in(*SYSTEMS[os.environ["LABKIT_STAND_IN"]])


def stand_in(platform_name: str, system: str, release: str, machine: str) -> None:
    for name in LOADED_BEFORE:
        importlib.import_module(name)
    import platform

    sys.platform = platform_name
    said = os.uname_result((system, "computer", release, f"{system} {release}", machine))
    os.uname = lambda: said
    platform.system, platform.release = (lambda: system), (lambda: release)
    platform.machine, platform.processor = (lambda: machine), (lambda: "")
    platform.platform = lambda *args, **more: f"{system}-{release}-{machine}"
    if platform_name == "darwin":
        _without_linux()


def _without_linux() -> None:
    import platform

    import psutil

    def no_release() -> dict[str, str]:
        raise OSError("there is no os-release file")

    platform.freedesktop_os_release = no_release
    platform.mac_ver = lambda *args: ("10.8", ("", "", ""), "arm64")  # no nap of its own to forbid
    for name in LINUX_ONLY:
        delattr(os, name)
    for name in PSUTIL_LINUX_ONLY:
        if hasattr(psutil.Process, name):
            delattr(psutil.Process, name)
    for name in ("stat", "lstat", "readlink", "open"):
        setattr(os, name, _hidden(getattr(os, name)))
    import io

    io.open = _hidden(io.open)  # what pathlib opens files with


def _hidden(function: Any) -> Any:
    """There is nothing at Linux's own paths, except for psutil, which stands for the system."""

    def found(path: Any, *args: Any, **more: Any) -> Any:
        name = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
        if str(name).startswith(HIDDEN) and "psutil" not in sys._getframe(1).f_code.co_filename:
            raise FileNotFoundError(2, os.strerror(2), str(name))
        return function(path, *args, **more)

    return found


if os.environ.get("LABKIT_STAND_IN"):
    sys.meta_path.insert(0, _First())
