"""Writes a root file system as a disk image: ext4, which the guests' kernel has built in.

By the lab itself, as it does with cpio and tar: mke2fs -d takes over whoever owns the files and the
moment of their last change, is different bits by another version, and is on few computers but
Linux. Never written again, so it has no journal, no checksums and no free room; each file lies in
one piece, behind all inodes. The same entries make the same bits.

Format: the kernel's Documentation/filesystems/ext4. Features: 32-bit block numbers, `extent`,
`filetype`, `flex_bg` (so that all bitmaps and inode tables lie at the beginning), `sparse_super2`
(so that no copy of the superblock lies between the files), inodes of 256 bytes.
"""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from labkit.errors import ImageError
from labkit.image.rootfs import EPOCH, Entry, folder

BLOCK = 4096
LABEL = b"labkit"
UUID = bytes.fromhex("6c61626b69746c61626b69746c61626b")
_PER_GROUP = 8 * BLOCK  # blocks, by the bits of a bitmap's block
_INODE = 256
_ROOT, _FIRST = 2, 11  # those below are reserved
_PIECE = 32768  # blocks of an extent
_EXTENTS = 4  # in an inode
_INLINE = 60  # bytes of a link's target that an inode holds itself
_USES_EXTENTS = 0x80000
_KINDS = {0o040000: 2, 0o100000: 1, 0o120000: 7}  # of a name, by the mode's type


@dataclass
class _Node:
    """An inode: its number, what it is, and where its content lies (from `start` on)."""

    number: int
    mode: int
    content: bytes = b""
    links: int = 1
    start: int = 0
    names: list[tuple[str, _Node]] = field(default_factory=list)

    @property
    def is_folder(self) -> bool:
        return self.mode & 0o170000 == 0o040000

    @property
    def is_inline(self) -> bool:
        return self.mode & 0o170000 == 0o120000 and len(self.content) < _INLINE

    @property
    def blocks(self) -> int:
        return 0 if self.is_inline else -(-len(self.content) // BLOCK)


@dataclass(frozen=True)
class _Layout:
    """How many of all there are, in blocks: the superblock, the groups' descriptors, for each group
    two bitmaps and a table of inodes, then the content of files and folders."""

    groups: int
    inodes_per_group: int
    content: int

    @property
    def descriptors(self) -> int:
        return -(-self.groups * 32 // BLOCK)

    @property
    def table(self) -> int:
        return self.inodes_per_group * _INODE // BLOCK

    @property
    def bitmaps_at(self) -> int:
        return 1 + self.descriptors

    @property
    def tables_at(self) -> int:
        return self.bitmaps_at + 2 * self.groups

    @property
    def content_at(self) -> int:
        return self.tables_at + self.groups * self.table

    @property
    def total(self) -> int:
        return self.content_at + self.content


def write_ext4(entries: Iterable[Entry], file: BinaryIO) -> None:
    """Writes the file system; a folder comes before what is in it. Owner and group are root."""
    nodes = _tree(entries)
    layout = _lay_out(nodes)
    place = layout.content_at
    for node in nodes:
        node.start = place
        place += node.blocks
    file.truncate(layout.total * BLOCK)
    _put(file, 0, bytes(1024) + _superblock(layout, len(nodes)))
    _put(file, 1, _descriptors(layout, nodes))
    for group in range(layout.groups):
        _put(file, layout.bitmaps_at + group, b"\xff" * BLOCK)  # all are used, and none behind
        bitmap = _inode_bitmap(layout, group, len(nodes))
        _put(file, layout.bitmaps_at + layout.groups + group, bitmap)
    table = {node.number: _inode(node) for node in nodes}
    last = max(table) + 1
    _put(file, layout.tables_at, b"".join(table.get(n, bytes(_INODE)) for n in range(1, last)))
    for node in nodes:
        if node.blocks:
            _put(file, node.start, node.content.ljust(node.blocks * BLOCK, b"\0"))


def _tree(entries: Iterable[Entry]) -> list[_Node]:
    """The inodes, the root's first. A name's own bytes are those of the entry's path in UTF-8."""
    root = _Node(_ROOT, folder("").mode, links=2)
    nodes, by_path, parents = [root], {"": root}, {_ROOT: root}
    for number, entry in enumerate(entries, start=_FIRST):
        node = _Node(number, entry.mode, entry.data)
        parent = by_path[posixpath.dirname(entry.path)]
        parent.names.append((posixpath.basename(entry.path), node))
        if node.is_folder:
            node.links = 2
            parent.links += 1
            by_path[entry.path], parents[number] = node, parent
        nodes.append(node)
    for node in by_path.values():
        node.content = _folder_content(node, parents[node.number])
    return nodes


def _folder_content(node: _Node, parent: _Node) -> bytes:
    """Its names, in blocks; the last one of a block reaches to its end."""
    blocks: list[bytes] = []
    block, last = b"", 0
    for name, named in ((".", node), ("..", parent), *node.names):
        encoded = name.encode()
        size = (8 + len(encoded) + 3) & ~3
        if len(block) + size > BLOCK:
            blocks.append(_closed(block, last))
            block = b""
        kind = _KINDS[named.mode & 0o170000]
        last = len(block)
        block += struct.pack("<IHBB", named.number, size, len(encoded), kind) + encoded
        block += bytes(last + size - len(block))
    return b"".join((*blocks, _closed(block, last)))


def _closed(block: bytes, last: int) -> bytes:
    reaching = struct.pack("<H", BLOCK - last)
    return (block[: last + 4] + reaching + block[last + 6 :]).ljust(BLOCK, b"\0")


def _lay_out(nodes: Sequence[_Node]) -> _Layout:
    """As few groups as hold it all."""
    if large := next((node for node in nodes if node.blocks > _PIECE * _EXTENTS), None):
        raise ImageError(
            "a file is too large for the guests' disk",
            details=f"it has {len(large.content)} bytes, of {_PIECE * _EXTENTS * BLOCK} at most",
            resolution="leave its package out",
        )
    content, inodes = sum(node.blocks for node in nodes), _FIRST - 1 + len(nodes)
    groups = 1
    while True:
        per_block = BLOCK // _INODE
        each = -(-inodes // groups)
        layout = _Layout(groups, -(-each // per_block) * per_block, content)
        if layout.total <= groups * _PER_GROUP and layout.inodes_per_group <= _PER_GROUP:
            return layout
        groups += 1


def _superblock(layout: _Layout, nodes: int) -> bytes:
    inodes = layout.inodes_per_group * layout.groups
    free = inodes - (_FIRST - 1) - (nodes - 1)
    block = bytearray(1024)
    struct.pack_into("<5I", block, 0, inodes, layout.total, 0, 0, free)
    # First block, log2 of a block and a cluster (from 1024 on), all that a group has; dates.
    struct.pack_into("<IIIIII", block, 20, 0, 2, 2, _PER_GROUP, _PER_GROUP, layout.inodes_per_group)
    # When it was last mounted and written; how often it was mounted, and may be; magic number,
    # clean, go on after errors, minor revision; last check.
    struct.pack_into("<IIHHHHHHI", block, 44, 0, EPOCH, 0, 0xFFFF, 0xEF53, 1, 1, 0, EPOCH)
    struct.pack_into("<III", block, 68, 0, 0, 1)  # no checks by time, made by Linux, revision
    struct.pack_into("<IHH", block, 84, _FIRST, _INODE, 0)
    struct.pack_into("<III", block, 92, 0x200, 0x2 | 0x40 | 0x200, 0x2 | 0x40)
    block[104:120], block[120:136] = UUID, LABEL.ljust(16, b"\0")
    block[236:252] = UUID  # the seed of hashes, of which there are none
    struct.pack_into("<BBH", block, 252, 1, 0, 0)
    struct.pack_into("<I", block, 264, EPOCH)
    struct.pack_into("<HHI", block, 348, 32, 32, 1)
    block[372] = 31  # log2 of the groups that lie together: all
    return bytes(block)


def _descriptors(layout: _Layout, nodes: Sequence[_Node]) -> bytes:
    folders = [0] * layout.groups
    for node in nodes:
        folders[(node.number - 1) // layout.inodes_per_group] += node.is_folder
    return b"".join(
        struct.pack(
            "<IIIHHH14x",
            layout.bitmaps_at + group,
            layout.bitmaps_at + layout.groups + group,
            layout.tables_at + group * layout.table,
            0,
            layout.inodes_per_group - _used_inodes(layout, group, len(nodes)),
            folders[group],
        )
        for group in range(layout.groups)
    )


def _inode_bitmap(layout: _Layout, group: int, nodes: int) -> bytes:
    used = _used_inodes(layout, group, nodes)
    bits = (1 << used) - 1
    behind = ((1 << _PER_GROUP) - 1) & ~((1 << layout.inodes_per_group) - 1)
    return (bits | behind).to_bytes(BLOCK, "little")


def _used_inodes(layout: _Layout, group: int, nodes: int) -> int:
    used = _FIRST - 1 + nodes - 1 - group * layout.inodes_per_group
    return max(0, min(used, layout.inodes_per_group))


def _inode(node: _Node) -> bytes:
    flags = 0 if node.is_inline else _USES_EXTENTS
    body = node.content.ljust(_INLINE, b"\0") if node.is_inline else _extents(node)
    inode = struct.pack(
        "<HHIIIIIHHIII60sIII",
        node.mode,
        0,  # owner
        len(node.content) & 0xFFFFFFFF,
        *(EPOCH, EPOCH, EPOCH, 0),  # read, changed, written; not removed
        0,  # group
        node.links,
        node.blocks * (BLOCK // 512),
        flags,
        0,
        body,
        0,  # generation
        0,  # no attributes
        len(node.content) >> 32,
    ).ljust(128, b"\0")
    return (inode + struct.pack("<H14xI", 32, EPOCH)).ljust(_INODE, b"\0")


def _extents(node: _Node) -> bytes:
    """The tree of extents: a root with up to four of them."""
    pieces = [(first, min(_PIECE, node.blocks - first)) for first in range(0, node.blocks, _PIECE)]
    header = struct.pack("<HHHHI", 0xF30A, len(pieces), _EXTENTS, 0, 0)
    extents = (struct.pack("<IHHI", at, size, 0, node.start + at) for at, size in pieces)
    return b"".join((header, *extents)).ljust(_INLINE, b"\0")


def _put(file: BinaryIO, block: int, data: bytes) -> None:
    file.seek(block * BLOCK)
    file.write(data)
