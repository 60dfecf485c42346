"""The same kernel, unpacked beforehand: for machines that interpret, where unpacking 50 MB takes
longer than reading them.

What it is worth: until it is ready, a machine of VirtualBox without its driver takes 37 s of CPU
time, and 59 s with Debian's kernel as it is (medians of 3 starts each, in pairs: 33 and 59, 37 and
52, 56 and 101; times of the VirtualBoxVM process, on 2 busy processors). Nothing ready-made does
it: isolinux starts a bzImage only, and there its own unpacker is linked to the packed bytes.

A bzImage is real-mode code, then a 32-bit program that unpacks an ELF file and starts it. Here
that program is replaced by the ELF's own segments and a few instructions that put them where they
belong, enter 64-bit mode, and jump to the kernel. Not a byte of the kernel itself is changed.
Formats: the kernel's Documentation/arch/x86/boot.rst ("32-bit" and "64-bit Boot Protocol"), elf(5).
"""

from __future__ import annotations

import struct
from contextlib import suppress

from labkit.image.lz4 import unpack_legacy
from labkit.image.pvh import LOAD, segments, startable

_PAGE = 4096
_HEADER_MAGIC = (0x202, b"HdrS")
_PAYLOAD = 0x248  # offset and length of the packed ELF file
_SIZE = 0x1F4  # of the 32-bit part, in 16 bytes
_LOAD_FLAGS = 0x236
_INIT_SIZE = 0x260
_CODE32_START = 0x214
_CHUNK = 8 << 20
_LARGEST = 1 << 30  # no kernel takes so much
_JUMP = 8  # bytes at the beginning that make way for a jump


def unpacked(kernel: bytes) -> bytes | None:
    """The kernel as a bzImage that need not unpack itself; None where that cannot be made (it
    is packed otherwise, or no kernel at all): then it does as it is."""
    with suppress(ValueError, struct.error, IndexError):
        if kernel[_HEADER_MAGIC[0] : _HEADER_MAGIC[0] + 4] == _HEADER_MAGIC[1]:
            return _rebuild(kernel)
    return None


def unpacked_elf(kernel: bytes) -> bytes | None:
    """The ELF file that is packed in a bzImage, as QEMU starts it by PVH; None as above, and where
    the kernel has no such entry."""
    with suppress(ValueError, struct.error, IndexError):
        if kernel[_HEADER_MAGIC[0] : _HEADER_MAGIC[0] + 4] == _HEADER_MAGIC[1]:
            return startable(_payload(kernel))
    return None


def _payload(kernel: bytes) -> bytes:
    start = (kernel[0x1F1] + 1) * 512
    offset, length = struct.unpack_from("<II", kernel, _PAYLOAD)
    return unpack_legacy(kernel[start + offset : start + offset + length])


def _rebuild(kernel: bytes) -> bytes | None:
    setup = bytearray(kernel[: (kernel[0x1F1] + 1) * 512])
    target, image = flatten(_payload(kernel))
    body = image + bytes(-len(image) % _PAGE)
    starter = start_code(target, len(body), body[:_JUMP])
    (room,) = struct.unpack_from("<I", setup, _INIT_SIZE)
    if len(body) + len(starter) + 3 * _PAGE > room or target < 0x100000 + _CHUNK:
        return None
    jump = b"\xe9" + struct.pack("<i", len(body) - 5)
    program = jump + body[5:] + starter
    struct.pack_into("<I", setup, _SIZE, len(program) // 16)
    struct.pack_into("<II", setup, _PAYLOAD, 0, 0)
    struct.pack_into("<H", setup, _LOAD_FLAGS, 0)  # no 64-bit entry, no EFI: the stub is 32-bit
    return bytes(setup) + program


def flatten(elf: bytes) -> tuple[int, bytes]:
    """The lowest physical address of an ELF file's segments, and what memory holds from there
    on. Zeros at the end are left out: the kernel clears that part by itself."""
    if elf[:5] != b"\x7fELF\x02":
        raise ValueError("no 64-bit ELF file")
    loads = [(one.physical, one.offset, one.size) for one in segments(elf) if one.kind == LOAD]
    target = min(paddr for paddr, _, _ in loads)
    length = max(paddr + size for paddr, _, size in loads) - target
    if length > _LARGEST:
        raise ValueError("its segments lie too far from each other")
    image = bytearray(length)
    for paddr, offset, size in loads:
        image[paddr - target : paddr - target + size] = elf[offset : offset + size]
    return target, bytes(image).rstrip(b"\0")


def start_code(target: int, length: int, first: bytes) -> bytes:
    """One page of 32-bit code that lies behind the kernel; esi holds the boot parameters.

    The loader has put everything at an address of its own choice (code32_start). The code first
    copies itself to `own`, behind the kernel's final place, then moves the kernel there, last
    chunk first, since both places overlap. `first` are the bytes that the jump had replaced.
    """
    own, pages = target + length, target + length + _PAGE
    data = own + 0x200  # behind the code: the first bytes, four descriptors, their register
    code = b"".join(
        (
            b"\xfc\x89\xf5",  # cld; mov ebp, esi
            b"\x8b\x9d" + _u32(_CODE32_START),  # mov ebx, [ebp+code32_start]
            b"\x8d\xb3" + _u32(length),  # lea esi, [ebx+length]: where this code lies
            b"\xbf" + _u32(own),  # mov edi, own
            b"\xb9" + _u32(_PAGE // 4) + b"\xf3\xa5",  # mov ecx, PAGE/4; rep movsd
        )
    )
    code += b"\xb8" + _u32(own + len(code) + 7) + b"\xff\xe0"  # mov eax, NEXT; jmp eax
    code += b"".join(
        (
            b"\xba" + _u32(length),  # mov edx, length: what is still to be moved
            b"\x89\xd1\x49",  # CHUNK: mov ecx, edx; dec ecx
            b"\x81\xe1" + _u32(-_CHUNK & 0xFFFFFFFF),  # and ecx, -CHUNK: the last one's begin
            b"\x29\xca",  # sub edx, ecx: and its length
            b"\x8d\x34\x0b",  # lea esi, [ebx+ecx]
            b"\x8d\xb9" + _u32(target),  # lea edi, [ecx+target]
            b"\x51\x89\xd1\xc1\xe9\x02\xf3\xa5",  # push ecx; mov ecx, edx; shr ecx, 2; rep movsd
            b"\x5a\x85\xd2\x75\xdf",  # pop edx; test edx, edx; jnz CHUNK
            b"\xbf" + _u32(target) + b"\xbe" + _u32(data),  # mov edi, target; mov esi, data
            b"\xa5\xa5",  # movsd; movsd: the first bytes again
            # Page tables that map the first GiB onto itself, in pages of 2 MiB.
            b"\xbf" + _u32(pages) + b"\x31\xc0",  # mov edi, pages; xor eax, eax
            b"\xb9" + _u32(3 * _PAGE // 4) + b"\xf3\xab",  # mov ecx, 3 pages; rep stosd
            b"\xc7\x05" + _u32(pages) + _u32(pages + _PAGE + 3),  # mov [pages], second + 3
            b"\xc7\x05" + _u32(pages + _PAGE) + _u32(pages + 2 * _PAGE + 3),
            b"\xb8\x83\x00\x00\x00",  # mov eax, 0x83: present, writable, large
            b"\xbf" + _u32(pages + 2 * _PAGE) + b"\xb9" + _u32(512),  # mov edi, third; mov ecx, 512
            b"\x89\x07\x05" + _u32(0x200000),  # ENTRY: mov [edi], eax; add eax, 2 MiB
            b"\x83\xc7\x08\xe2\xf4",  # add edi, 8; loop ENTRY
            # Into 64-bit mode (Intel SDM volume 3, "Initializing IA-32e Mode").
            b"\x0f\x01\x15" + _u32(data + 40),  # lgdt [data+40]
            b"\x0f\x20\xe0\x83\xc8\x20\x0f\x22\xe0",  # cr4 |= PAE
            b"\xb8" + _u32(pages) + b"\x0f\x22\xd8",  # cr3 = pages
            b"\xb9\x80\x00\x00\xc0\x0f\x32\x0d\x00\x01\x00\x00\x0f\x30",  # EFER |= LME
            b"\x0f\x20\xc0\x0d\x01\x00\x00\x80\x0f\x22\xc0",  # cr0 |= PG | PE
        )
    )
    code += b"\xea" + _u32(own + len(code) + 7) + b"\x10\x00"  # ljmp 0x10:NEXT
    code += b"".join(
        (
            b"\xb8\x18\x00\x00\x00\x8e\xd8\x8e\xc0\x8e\xd0",  # ds = es = ss = 0x18
            b"\x31\xc0\x8e\xe0\x8e\xe8",  # fs = gs = 0
            b"\x89\xee",  # mov esi, ebp: the boot parameters
            b"\xb8" + _u32(target) + b"\xff\xe0",  # mov eax, target; jmp rax
        )
    )
    descriptors = struct.pack("<4Q", 0, 0, 0x00AF9A000000FFFF, 0x00CF92000000FFFF)
    tables = first + descriptors + struct.pack("<HI", 31, data + 8)
    return (code.ljust(0x200, b"\0") + tables).ljust(_PAGE, b"\0")


def _u32(value: int) -> bytes:
    return struct.pack("<I", value)
