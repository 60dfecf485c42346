"""The lab image as an initramfs: a cpio archive in the "newc" format, which a kernel unpacks.

Format: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst. Uncompressed on
purpose: unpacking would be a part of each guest's start.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from labkit.image.rootfs import EPOCH, Entry, character_device

TRAILER = "TRAILER!!!"
# A kernel opens /dev/console for /init before anything could be mounted there. A node inside an
# archive is only a few numbers, so making it needs no root.
DEVICES = (
    character_device("dev/console", 0o600, 5, 1),
    character_device("dev/null", 0o666, 1, 3),
)


def write_initramfs(entries: Iterable[Entry], file: BinaryIO) -> None:
    """Writes the file system and the two device nodes, sorted by path."""
    write_cpio(sorted([*entries, *DEVICES], key=lambda entry: entry.path), file)


def write_cpio(entries: Iterable[Entry], file: BinaryIO) -> None:
    """Writes an archive: for each entry a header, its name and its content, and a trailer."""
    for number, entry in enumerate(entries, start=1):
        file.write(_header(entry, number) + entry.data + _padding(len(entry.data)))
    file.write(_header(Entry(TRAILER, 0), 0))


def _header(entry: Entry, number: int) -> bytes:
    name = entry.path.encode() + b"\0"
    fields = (
        number,
        entry.mode,
        0,  # owner
        0,  # group
        2 if entry.is_folder else 1,  # links
        EPOCH if number else 0,
        len(entry.data),
        0,  # major and minor number of the file system's device
        0,
        *entry.device,
        len(name),
        0,  # the checksum is for another format
    )
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return header + _padding(len(header))


def _padding(size: int) -> bytes:
    return b"\0" * (-size % 4)
