from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labkit.image import lz4
from labkit.image.lz4 import LEGACY_MAGIC, unpack_block, unpack_legacy
from labkit.image.unpacked import flatten, start_code, unpacked

SETUP_SECTORS, TARGET = 3, 0x1000000


def literals(data: bytes) -> bytes:
    """An LZ4 block that only has literals."""
    length = len(data)
    if length < 15:
        return bytes([length << 4]) + data
    full, rest = divmod(length - 15, 255)
    return b"\xf0" + b"\xff" * full + bytes([rest]) + data


def frame(*blocks: bytes) -> bytes:
    return LEGACY_MAGIC + b"".join(struct.pack("<I", len(b)) + b for b in blocks)


def elf(*segments: tuple[int, bytes]) -> bytes:
    """A 64-bit ELF file with these segments to load: physical address and content."""
    offset = 64 + 56 * len(segments)
    headers, contents = b"", b""
    for address, data in segments:
        place = offset + len(contents)
        size = len(data)
        headers += struct.pack("<IIQQQQQQ", 1, 5, place, 0, address, size, size, 0x1000)
        contents += data
    head = bytearray(b"\x7fELF\x02\x01".ljust(64, b"\0"))
    struct.pack_into("<Q", head, 32, 64)
    struct.pack_into("<H", head, 56, len(segments))
    return bytes(head) + headers + contents


def kernel(payload: bytes, room: int = 1 << 24) -> bytes:
    setup = bytearray((SETUP_SECTORS + 1) * 512)
    setup[0x1F1] = SETUP_SECTORS
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", setup, 0x248, 16, len(payload))
    struct.pack_into("<I", setup, 0x260, room)
    return bytes(setup) + bytes(16) + payload


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (b"", b""),
        (b"\x30abc", b"abc"),
        (b"\x10a\x01\x00\x10b", b"aaaaab"),  # a copy that overlaps with what it writes
        (b"\x40abcd\x04\x00\x10e", b"abcdabcde"),
        (b"\x1fa\x01\x00\x02\x10b", b"a" * 22 + b"b"),  # 15 + 2 + 4 bytes to copy
    ],
)
def test_a_block(block: bytes, expected: bytes) -> None:
    assert unpack_block(block) == expected


@pytest.mark.parametrize("by_system", [True, False])
def test_the_system_s_library_and_ours_read_the_same(
    monkeypatch: pytest.MonkeyPatch, by_system: bool
) -> None:
    if by_system and lz4.system_library() is None:
        pytest.skip(f"{lz4.LIBRARY} is not there")
    if not by_system:
        monkeypatch.setattr(lz4, "system_library", lambda: None)
    assert unpack_legacy(frame(b"\x1fa\x01\x00\x02\x50b1234")) == b"a" * 22 + b"b1234"
    with pytest.raises(ValueError, match="damaged"):
        unpack_legacy(frame(b"\x10a\x09\x00\x50b1234"))


@given(st.binary(max_size=2000), st.binary(max_size=300))
def test_literals_come_back(first: bytes, second: bytes) -> None:
    packed = frame(literals(first), literals(second))
    assert unpack_legacy(packed) == first + second
    assert unpack_legacy(packed + struct.pack("<I", 0x7FFFFFFF)) == first + second


@given(st.binary(max_size=100))
def test_damaged_data_are_told_and_never_crash(data: bytes) -> None:
    with suppress(ValueError):
        unpack_legacy(LEGACY_MAGIC + data)


@given(st.integers(0, 200), st.binary(max_size=8))
@example(36, b"\0\0\0\x80")  # a table that lies 2**63 bytes behind
@example(64 + 28, b"\0\0\0\x40")  # a segment at 2**62
def test_a_damaged_kernel_is_told_and_never_crashes(place: int, other: bytes) -> None:
    whole = elf((TARGET + 8, b"second\0\0"), (TARGET, b"first"))
    with suppress(ValueError, struct.error):
        flatten(whole[:place] + other + whole[place + len(other) :])


def test_segments_lie_at_their_addresses() -> None:
    target, image = flatten(elf((TARGET + 8, b"second\0\0"), (TARGET, b"first")))
    assert (target, image) == (TARGET, b"first\0\0\0second")


def test_a_kernel_keeps_its_bytes_but_for_the_jump() -> None:
    code = bytes(range(1, 200)) * 50
    made = unpacked(kernel(frame(literals(elf((TARGET, code))))))
    assert made is not None
    program = made[(SETUP_SECTORS + 1) * 512 :]
    length = -(-len(code) // 4096) * 4096
    assert program[0] == 0xE9
    assert struct.unpack_from("<i", program, 1)[0] + 5 == length
    assert program[5 : len(code)] == code[5:]
    starter = program[length:]
    assert starter == start_code(TARGET, length, code[:8])
    assert starter[0x200:0x208] == code[:8], "what the jump has replaced"
    assert struct.unpack_from("<I", made, 0x1F4)[0] * 16 == len(program)


def test_what_cannot_be_unpacked_stays_as_it_is() -> None:
    good = frame(literals(elf((TARGET, b"code" * 1000))))
    assert unpacked(b"no kernel" * 1000) is None
    assert unpacked(b"") is None
    assert unpacked(kernel(b"\xfd7zXZ" + good)) is None
    assert unpacked(kernel(frame(literals(b"no ELF file")))) is None
    assert unpacked(kernel(good[: len(good) // 2])) is None
    assert unpacked(kernel(good, room=4096)) is None, "no room behind the kernel"
    assert unpacked(kernel(good)) is not None
