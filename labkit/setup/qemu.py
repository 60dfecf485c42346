"""Sets up the backend `qemu`: the system emulator for x86."""

from __future__ import annotations

from collections.abc import Callable

from labkit.backends.qemu_command import PROGRAM
from labkit.process import find_tool
from labkit.setup import apt

PACKAGES = ("qemu-system-x86",)


def set_up_qemu(say: Callable[[str], None]) -> None:
    """Installs QEMU where it is missing."""
    if find_tool(PROGRAM) is None:
        apt.install(PACKAGES, say)
