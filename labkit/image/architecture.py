"""The processor that a lab image is for: a property of the image, by Debian's name of it."""

from __future__ import annotations

import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """What the lab must know of a kind of processor."""

    name: str  # Debian's
    machines: tuple[str, ...]  # what systems call it: Linux, macOS, Windows
    boots_iso: bool  # whether Debian has isolinux for it


AMD64 = Architecture("amd64", ("x86_64", "AMD64"), boots_iso=True)
ARM64 = Architecture("arm64", ("aarch64", "arm64", "ARM64"), boots_iso=False)
ARCHITECTURES = {one.name: one for one in (AMD64, ARM64)}


def of_this_computer() -> Architecture | None:
    """None for a processor that the lab has no image for."""
    machine = platform.machine()
    return next((one for one in ARCHITECTURES.values() if machine in one.machines), None)
