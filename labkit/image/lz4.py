"""Unpacks LZ4: what Debian's kernels are packed with. No library of our dependencies does it.

The system's own liblz4 does where it is there (systemd and apt need it): for a kernel it takes
0.1 s of CPU time, our own reader 3 s. The package lz4 would bring it along everywhere; but 4.4.5,
its newest, has no wheel for Python 3.15, which all our other compiled dependencies have: there,
without a C compiler, the lab could not be installed.

Formats: lz4's doc/lz4_Block_format.md and, in lz4_Frame_format.md, "Legacy frame".
"""

from __future__ import annotations

import ctypes
import struct
from contextlib import suppress
from functools import cache

LEGACY_MAGIC = b"\x02\x21\x4c\x18"
MOST = 8 << 20  # bytes that a block of a legacy frame is unpacked to
LIBRARY = "liblz4.so.1"


def unpack_legacy(data: bytes) -> bytes:
    """A legacy frame: blocks with their sizes before them. ValueError when it is damaged."""
    if data[:4] != LEGACY_MAGIC:
        raise ValueError("no LZ4 legacy frame")
    blocks, position = [], 4
    try:
        while position + 4 <= len(data):
            (size,) = struct.unpack_from("<I", data, position)
            if position + 4 + size > len(data):
                break  # the kernel's build appends the unpacked size, which is no block
            blocks.append(_unpack(data[position + 4 : position + 4 + size]))
            position += 4 + size
    except IndexError:
        raise ValueError("the LZ4 data are damaged") from None
    return b"".join(blocks)


def _unpack(source: bytes) -> bytes:
    """By the system's library, or by ours."""
    library = system_library()
    if library is None:
        return unpack_block(source)
    target = ctypes.create_string_buffer(MOST)
    size = library.LZ4_decompress_safe(source, target, len(source), MOST)
    if size < 0:
        raise ValueError("the LZ4 data are damaged")
    return target.raw[:size]


@cache
def system_library() -> ctypes.CDLL | None:
    with suppress(OSError):
        return ctypes.CDLL(LIBRARY)
    return None


def unpack_block(source: bytes) -> bytes:
    """Sequences of literals, each followed by a copy of what was unpacked before."""
    out = bytearray()
    position, end = 0, len(source)
    while position < end:
        token = source[position]
        length, position = _length(source, position + 1, token >> 4)
        out += source[position : position + length]
        position += length
        if position >= end:
            break  # the last sequence has no copy
        offset = source[position] | source[position + 1] << 8
        length, position = _length(source, position + 2, token & 15)
        _copy(out, offset, length + 4)
    return bytes(out)


def _length(source: bytes, position: int, length: int) -> tuple[int, int]:
    """15 means that more bytes follow, up to one that is not 255."""
    if length == 15:
        more = 255
        while more == 255:
            more = source[position]
            position += 1
            length += more
    return length, position


def _copy(out: bytearray, offset: int, length: int) -> None:
    start = len(out) - offset
    if offset == 0 or start < 0:
        raise ValueError("the LZ4 data are damaged: a copy from before the beginning")
    piece = out[start : start + length]
    if len(piece) < length:  # it overlaps with what it writes: a pattern that repeats
        piece = (piece * (length // len(piece) + 1))[:length]
    out += piece
