"""What a kernel's file says of itself.

Format: the kernel's Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
"""

from __future__ import annotations

import struct
from pathlib import Path

from labkit.errors import ImageError

_MAGIC = 0x202
_VERSION_POINTER = 0x20E


def kernel_version(kernel: bytes) -> str:
    """The release, as `uname -r` prints it; ImageError when this is no kernel that boots a PC."""
    if kernel[_MAGIC : _MAGIC + 4] == b"HdrS":
        (pointer,) = struct.unpack_from("<H", kernel, _VERSION_POINTER)
        text = kernel[pointer + 0x200 : pointer + 0x400].partition(b"\0")[0]
        words = text.decode("ascii", errors="replace").split()
        if pointer and words:
            return words[0]
    raise ImageError(
        "the kernel is not a Linux kernel for PCs",
        details="it has no boot header (bzImage)",
        resolution="name a file such as /boot/vmlinuz-VERSION of an x86-64 computer, or none",
    )


def read_kernel(file: Path) -> bytes:
    """The user's own kernel, checked."""
    try:
        kernel = file.read_bytes()
    except OSError as error:
        raise ImageError(
            f"the kernel {file} cannot be read",
            details=error.strerror or str(error),
            resolution="name a file that is there and readable: --kernel FILE",
        ) from error
    kernel_version(kernel)
    return kernel
