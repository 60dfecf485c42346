"""The kernel as the ELF file that it was before it was packed, for QEMU to start as it is: a
machine whose processor is emulated spends a fifth of its start on unpacking.

Only of a kernel that has an entry for that: a note in the file names it, PVH is what it is called.
The zeros at the end of a segment are left out, as elf(5) allows: QEMU would hold them in memory.
Else not a byte of the kernel is changed.

Formats: the kernel's Documentation/arch/x86/boot.rst and include/xen/interface/elfnote.h, Xen's
docs/misc/pvh.pandoc, elf(5).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

LOAD, _NOTE = 1, 4
_HEADER, _SEGMENT = 64, "<IIQQQQQQ"
_OWNER, _ENTRY = b"Xen\0", 18


class _Segment(NamedTuple):
    """Of a program header; the fields as in elf(5)."""

    kind: int
    flags: int
    offset: int
    virtual: int
    physical: int
    size: int
    memory: int
    alignment: int


def startable(elf: bytes) -> bytes | None:
    """The file without what a start does not need; None where it has no such entry.
    struct.error where it is cut off."""
    found = list(segments(elf))
    loads = [segment for segment in found if segment.kind == LOAD]
    notes = next((segment for segment in found if segment.kind == _NOTE), None)
    entry = _entry(elf[notes.offset : notes.offset + notes.size]) if notes else None
    if notes is None or not any(_holds(load, entry) for load in loads):
        return None
    return _written(elf, loads, notes)


def _written(elf: bytes, loads: list[_Segment], notes: _Segment) -> bytes:
    position = _HEADER + (len(loads) + 1) * struct.calcsize(_SEGMENT)
    parts = [(load, _content(elf, load).rstrip(b"\0")) for load in loads]
    headers, contents = [], []
    for segment, data in (*parts, (notes, _content(elf, notes))):
        headers.append(struct.pack(_SEGMENT, *segment._replace(offset=position, size=len(data))))
        contents.append(data)
        position += len(data)
    head = bytearray(elf[:_HEADER])
    struct.pack_into("<QQ", head, 32, _HEADER, 0)  # no sections
    struct.pack_into("<HHHH", head, 56, len(headers), 64, 0, 0)
    return b"".join([head, *headers, *contents])


def _content(elf: bytes, segment: _Segment) -> bytes:
    return elf[segment.offset : segment.offset + segment.size]


def segments(elf: bytes) -> Iterator[_Segment]:
    """Its program headers. struct.error where they are not in it."""
    if elf[:6] != b"\x7fELF\x02\x01":
        return
    (table,) = struct.unpack_from("<Q", elf, 32)
    (count,) = struct.unpack_from("<H", elf, 56)
    size = struct.calcsize(_SEGMENT)
    if table + count * size > len(elf):
        raise struct.error("the table of its segments is not in it")
    for number in range(count):
        yield _Segment(*struct.unpack_from(_SEGMENT, elf, table + number * size))


def _entry(notes: bytes) -> int | None:
    """The physical address where the kernel is entered: each note is the lengths of its name and
    its content, its type, then both, each in whole words."""
    position = 0
    while position + 12 <= len(notes):
        name, content, kind = struct.unpack_from("<III", notes, position)
        begin = position + 12 + (name + 3 & ~3)
        if kind == _ENTRY and notes[position + 12 : position + 12 + name] == _OWNER:
            return int.from_bytes(notes[begin : begin + content][:8], "little")
        position = begin + (content + 3 & ~3)
    return None


def _holds(segment: _Segment, address: int | None) -> bool:
    return address is not None and 0 <= address - segment.physical < segment.size
