"""Sets up the backend `qemu`: the emulator of machines like this computer."""

from __future__ import annotations

from collections.abc import Callable

from labkit.backends.qemu.command import PROGRAMS, here
from labkit.image.architecture import AMD64, ARM64
from labkit.setup import apt
from labkit.system.process import find_tool

PACKAGES = {AMD64: ("qemu-system-x86",), ARM64: ("qemu-system-arm",)}


def set_up_qemu(say: Callable[[str], None]) -> None:
    """Installs QEMU where it is missing."""
    if find_tool(PROGRAMS[here()]) is None:
        apt.install(PACKAGES[here()], say)
