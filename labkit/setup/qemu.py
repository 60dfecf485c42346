"""Sets up the backend `qemu`: the emulator of machines like this computer, and qemu-img, which
makes disks in formats other than raw."""

from __future__ import annotations

from collections.abc import Callable

from labkit.backends.qemu.command import PROGRAMS, here
from labkit.backends.qemu.disk_format import IMAGER
from labkit.errors import LabError
from labkit.image.architecture import AMD64, ARM64
from labkit.setup import apt
from labkit.system.process import find_tool

PACKAGES = {AMD64: ("qemu-system-x86",), ARM64: ("qemu-system-arm",)}
IMAGERS = ("qemu-utils",)


def set_up_qemu(say: Callable[[str], None]) -> None:
    """Installs QEMU where it is missing. Machines do without qemu-img, but for some settings."""
    if find_tool(PROGRAMS[here()]) is None:
        apt.install((*PACKAGES[here()], *IMAGERS), say)
    elif find_tool(IMAGER) is None:
        try:
            apt.install(IMAGERS, say)
        except LabError as error:
            say(f"qemu has no disks but raw ones: {error}")
