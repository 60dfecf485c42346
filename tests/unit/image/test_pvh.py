"""The kernel as QEMU starts it: what is left out, and which kernels have no such entry."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labkit.image.pvh import startable
from labkit.image.unpacked import flatten, unpacked_elf
from tests.unit.image.test_unpacked import frame, kernel, literals

TARGET, CODE = 0x1000000, b"code of the kernel"
SEGMENT = "<IIQQQQQQ"


def note(kind: int, content: bytes, owner: bytes = b"Xen\0") -> bytes:
    head = struct.pack("<III", len(owner), len(content), kind)
    return head + owner + content + bytes(-len(content) % 4)


ENTRY = note(18, struct.pack("<I", TARGET + 4))


def elf(notes: bytes, *, zeros: int = 4096) -> bytes:
    """A file whose notes are in its only segment, behind the code and before many zeros."""
    data = CODE + notes + bytes(zeros)
    begin = 64 + 2 * 56
    load = struct.pack(SEGMENT, 1, 7, begin, TARGET, TARGET, len(data), len(data) + 100, 4096)
    where = begin + len(CODE)
    told = struct.pack(SEGMENT, 4, 0, where, 0, 0, len(notes), len(notes), 4)
    head = bytearray(b"\x7fELF\x02\x01".ljust(64, b"\0"))
    struct.pack_into("<QQ", head, 32, 64, 12345)  # sections, which are left out
    struct.pack_into("<H", head, 56, 2)
    return bytes(head) + load + told + data


def test_the_same_kernel_without_the_zeros_at_its_end() -> None:
    whole = elf(note(5, b"else") + ENTRY)
    made = startable(whole)
    assert made is not None and len(whole) - 4096 <= len(made) < len(whole)
    assert flatten(made) == flatten(whole)
    (load, told) = (struct.unpack_from(SEGMENT, made, 64 + 56 * place) for place in range(2))
    assert load[6] == len(whole) - 64 - 2 * 56 + 100  # so much of memory is its own
    assert made[told[2] : told[2] + told[5]] == note(5, b"else") + ENTRY
    assert startable(made) == made


@pytest.mark.parametrize(
    "notes",
    [
        b"",
        note(5, b"else"),
        note(18, struct.pack("<I", TARGET), owner=b"GNU\0"),
        note(18, struct.pack("<I", 0x100000)),  # where no segment is
    ],
)
def test_a_kernel_without_such_an_entry(notes: bytes) -> None:
    assert startable(elf(notes)) is None
    assert unpacked_elf(kernel(frame(literals(elf(notes))))) is None


def test_of_a_packed_kernel() -> None:
    assert unpacked_elf(kernel(frame(literals(elf(ENTRY))))) == startable(elf(ENTRY))
    assert unpacked_elf(kernel(b"packed otherwise")) is None
    assert unpacked_elf(b"no kernel") is None


@given(st.integers(0, 4400), st.binary(max_size=8))
@example(36, b"\0\0\0\x80")  # a table that lies 2**63 bytes behind
def test_damaged_files_are_told_and_never_crash(place: int, other: bytes) -> None:
    whole = elf(ENTRY)
    with suppress(struct.error):
        startable(whole[:place] + other + whole[place + len(other) :])
    with suppress(struct.error):
        startable(whole[:place])
