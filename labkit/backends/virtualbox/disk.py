"""An empty disk that is one file: a fixed VDI. VirtualBox takes ten seconds to make one itself.

A VMDK whose content lies in a file of its own has a description beside it, which VirtualBox reads
by another of its I/O managers. That one's end can hang for ever, at a snapshot and at a machine's
end: a machine's thread was seen in PDMR3AsyncCompletionEpClose, RTSemEventDestroy,
pthread_cond_destroy while the manager's thread still waited, in 3 of 35 snapshots on a busy
computer (VirtualBox 7.2.22). With a VHD, a full disk of the host is an I/O error of the guest's,
where the machine should stand still.

Format: VirtualBox's source, VDICore.h.
"""

from __future__ import annotations

import struct
import uuid
from pathlib import Path

_BLOCK = 1 << 20
_BEFORE = struct.Struct("<64sII")
_HEADER = struct.Struct("<III256sII16sIQIIII16s16s32s16s")
_SIGNATURE, _VERSION = 0xBEDA107F, 0x10001
_FIXED = 2
_BLOCK_MAP_AT, _CONTENT_AT = 512, _BLOCK
_GEOMETRY = struct.pack("<4I", 0, 0, 0, 512)  # none but a sector's size: VirtualBox finds one


def make_empty_disk(file: Path, size_bytes: int) -> Path:
    """A sparse file that holds a disk of so many bytes (whole MiB, all zero)."""
    blocks = size_bytes // _BLOCK
    block_map = struct.pack(f"<{blocks}I", *range(blocks))
    with file.open("wb") as disk:
        disk.write(_header(blocks).ljust(_BLOCK_MAP_AT, b"\0") + block_map)
        disk.truncate(_CONTENT_AT + blocks * _BLOCK)
    return file


def _header(blocks: int) -> bytes:
    created, changed = uuid.uuid4().bytes_le, uuid.uuid4().bytes_le
    return _BEFORE.pack(b"an empty disk of the lab's\n", _SIGNATURE, _VERSION) + _HEADER.pack(
        *(_HEADER.size, _FIXED, 0, b"", _BLOCK_MAP_AT, _CONTENT_AT, _GEOMETRY, 0),
        *(blocks * _BLOCK, _BLOCK, 0, blocks, blocks),
        *(created, changed, b"", _GEOMETRY),
    )
