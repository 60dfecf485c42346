"""Sets up the backend `qemu`: the emulator of machines like this computer, and qemu-img, which
makes their disks."""

from __future__ import annotations

from collections.abc import Callable

from labkit.backends.qemu.command import PROGRAMS, here
from labkit.backends.qemu.disk_format import IMAGER
from labkit.image.architecture import AMD64, ARM64
from labkit.setup import apt
from labkit.system.process import find_tool

PACKAGES = {
    AMD64: ("qemu-system-x86", "qemu-utils"),
    ARM64: ("qemu-system-arm", "qemu-utils"),
}


def set_up_qemu(say: Callable[[str], None]) -> None:
    """Installs QEMU where it is missing."""
    if not all(map(find_tool, (PROGRAMS[here()], IMAGER))):
        apt.install(PACKAGES[here()], say)
