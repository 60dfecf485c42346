"""What a kernel's file says of itself.

Formats: the kernel's Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header", and
arch/arm64/booting.rst, "Call the kernel image".
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

from labkit.errors import ImageError
from labkit.image.architecture import AMD64, ARM64, Architecture
from labkit.system import plain_files

_MAGIC = {AMD64: (0x202, b"HdrS"), ARM64: (0x38, b"ARM\x64")}
_VERSION_POINTER = 0x20E


def kernel_version(kernel: bytes, architecture: Architecture = AMD64) -> str:
    """The release, as `uname -r` prints it; ImageError when this is no kernel for these
    computers."""
    offset, magic = _MAGIC[architecture]
    if kernel[offset : offset + 4] == magic:
        words = (_banner_pc if architecture == AMD64 else _banner_arm)(kernel)
        if words:
            return words[0].decode("ascii", errors="replace")
    raise ImageError(
        f"the kernel is not a Linux kernel for {architecture.machines[0]}",
        details="it has no such boot header",
        resolution="name a file such as /boot/vmlinuz-VERSION of such a computer, or none",
    )


def read_kernel(file: Path, architecture: Architecture) -> bytes:
    """The user's own kernel, checked."""
    try:
        kernel = plain_files.read(file)
    except OSError as error:
        raise ImageError(
            f"the kernel {file} cannot be read",
            details=error.strerror or str(error),
            resolution="name a file that is there and readable: --kernel FILE",
        ) from error
    kernel_version(kernel, architecture)
    return kernel


def _banner_pc(kernel: bytes) -> list[bytes]:
    (pointer,) = struct.unpack_from("<H", kernel, _VERSION_POINTER) if len(kernel) > 0x210 else (0,)
    text = kernel[pointer + 0x200 : pointer + 0x400].partition(b"\0")[0]
    return text.split() if pointer else []


def _banner_arm(kernel: bytes) -> list[bytes]:
    """This kind is not packed, and holds what it will say first."""
    version = re.search(rb"Linux version (\S+) ", kernel)
    return [version[1]] if version else []
