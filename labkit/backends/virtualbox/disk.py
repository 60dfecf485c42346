"""An empty disk that is one file: a fixed VHD. VirtualBox takes ten seconds to make one itself.

A VMDK whose content lies in a file of its own has a description beside it, which VirtualBox reads
by another of its I/O managers. That one's end can hang for ever, at a snapshot and at a machine's
end: a machine's thread was seen in PDMR3AsyncCompletionEpClose, RTSemEventDestroy,
pthread_cond_destroy while the manager's thread still waited, in 3 of 35 snapshots on a busy
computer (VirtualBox 7.2.22).

Format: Microsoft's "Virtual Hard Disk Image Format Specification", "Hard Disk Footer Format".
"""

from __future__ import annotations

import struct
import uuid
from pathlib import Path

_SECTOR = 512
_FOOTER = struct.Struct(">8sIIQI4sI4sQQHBBII16sB427s")
_CHECKSUM_AT = 64
_FIXED = 2
_HEADS, _SECTORS_A_TRACK = 16, 63


def make_empty_disk(file: Path, size_bytes: int) -> Path:
    """A sparse file of so many bytes, all zero, and the footer that describes it."""
    with file.open("wb") as disk:
        disk.truncate(size_bytes)
        disk.seek(size_bytes)
        disk.write(footer(size_bytes, uuid.uuid4().bytes))
    return file


def footer(size_bytes: int, identity: bytes) -> bytes:
    """What describes a fixed disk of this size, 512 bytes; `identity` has 16."""
    cylinders = size_bytes // _SECTOR // (_HEADS * _SECTORS_A_TRACK)
    features, version, no_further_header, at_2000 = 2, 0x10000, 2**64 - 1, 0
    content = bytearray(
        _FOOTER.pack(
            *(b"conectix", features, version, no_further_header, at_2000),
            *(b"labk", version, b"Wi2k", size_bytes, size_bytes),
            *(cylinders, _HEADS, _SECTORS_A_TRACK, _FIXED, 0, identity, 0, b""),
        )
    )
    struct.pack_into(">I", content, _CHECKSUM_AT, ~sum(content) & 0xFFFFFFFF)
    return bytes(content)
