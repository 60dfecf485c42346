"""Which engine executes a QEMU guest's instructions here.

That /dev/kvm exists, or even opens, proves nothing: under some nested hypervisors it takes
guests and never runs them. So an accelerator counts only once the lab image has booted under
it, within a limit; the answer is kept until the image, QEMU or the host's kernel changes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from labkit.host import device_error
from labkit.image import LabImage
from labkit.paths import state_dir
from labkit.records import Engine

BOOT_LIMIT_S = 10.0

Boots = Callable[[Engine, LabImage, float], str | None]


def choose(image: LabImage | None, qemu_version: str, boots: Boots) -> Engine:
    """The fastest engine that is proven here; tcg (QEMU's own emulation) where none is."""
    engine = accelerator()
    if engine is None or image is None:
        return "tcg"
    return engine if refusal(engine, image, qemu_version, boots) is None else "tcg"


def accelerator() -> Engine | None:
    """The accelerator that this system might have, unproven."""
    if sys.platform == "darwin":
        return "hvf"
    return "kvm" if device_refusal() is None else None


def device_refusal(device: str = "/dev/kvm") -> str | None:
    """Why the kernel's device cannot be used at all, or None when it opens."""
    error = device_error(device)
    if isinstance(error, FileNotFoundError):
        return f"{device} is not there (no hardware virtualization, or it is off in the firmware)"
    return f"{device} does not open: {error.strerror}" if error else None


def refusal(engine: Engine, image: LabImage, qemu_version: str, boots: Boots) -> str | None:
    """Why this engine does not count, or None when the lab image has booted under it."""
    key = "|".join([engine, image.digest, qemu_version, os.uname().release])
    known = _read()
    if key not in known:
        known[key] = boots(engine, image, BOOT_LIMIT_S)
        _write(known)
    return known[key]


def explain(image: LabImage | None, qemu_version: str, boots: Boots) -> str:
    """The choice of the engine in a sentence."""
    engine = accelerator()
    if engine is None:
        return f"engine tcg (emulation): {device_refusal()}"
    if image is None:
        return f"{engine} is not tried yet: that boots the lab image, which labkit setup builds"
    reason = refusal(engine, image, qemu_version, boots)
    if reason is None:
        return f"engine {engine}: the lab image has booted under it"
    return f"engine tcg (emulation): under {engine} the lab image did not boot ({reason})"


def _file() -> Path:
    return state_dir() / "engines.json"


def _read() -> dict[str, str | None]:
    with suppress(OSError, ValueError):
        found = json.loads(_file().read_text())
        if isinstance(found, dict):
            return found
    return {}


def _write(known: dict[str, str | None]) -> None:
    with suppress(OSError):  # not kept: then it is tried again, which costs time and no more
        _file().parent.mkdir(parents=True, exist_ok=True)
        partial = _file().with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(known, indent=1))
        partial.replace(_file())
