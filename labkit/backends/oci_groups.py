"""The control groups that a bundle asks for, version 1 or 2: their limits, and their end.

cgroups(7); the kernel's Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst. What they count is
read by labkit/cgroups.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from labkit.cgroups import MOUNT as ROOT
from labkit.process import TEMP_PREFIX, mark_in

# Beside version 1's controllers, a hybrid host mounts version 2 here, without controllers.
HYBRID = ROOT / "unified"


def out_of_memory_kills(folder: Path | None) -> int | None:
    """How often the kernel ended a process of this group for its limit; None if not to be read."""
    if folder is None:
        return None
    for name in ("memory.events", "memory.oom_control"):
        with suppress(OSError):
            text = (folder / name).read_text()
            found = re.search(r"^oom_kill (\d+)$", text, re.MULTILINE)
            if found:
                return int(found[1])
    return None


def limits_swap(root: Path = ROOT) -> bool:
    """Whether the kernel can limit swap: always in version 2, by a boot option in version 1."""
    v2 = (root / "cgroup.controllers").exists()
    return v2 or (root / "memory" / "memory.memsw.limit_in_bytes").exists()


def sweep(abandoned: Callable[[str], bool], root: Path = ROOT) -> list[str]:
    """Removes empty groups named labkit-PID-TICKS.BOOT-… of owners that `abandoned` names."""
    return _remove(folder for folder in _groups(root) if abandoned(mark_in(folder.name)))


def sweep_named(name: str, root: Path = ROOT) -> list[str]:
    """Removes the empty groups of this name."""
    return _remove(folder for folder in _groups(root) if folder.name == name)


def _remove(folders: Iterable[Path]) -> list[str]:
    removed = []
    for folder in folders:
        with suppress(OSError):  # busy: a process of it still ends; the next sweep will do
            folder.rmdir()
            removed.append(f"control group {folder}")
    return removed


def _groups(root: Path) -> Iterator[Path]:
    """By name, at the top of each hierarchy: that is where a bundle of ours asks for them."""
    yield from root.glob(f"{TEMP_PREFIX}*-*-*")
    yield from root.glob(f"*/{TEMP_PREFIX}*-*-*")
