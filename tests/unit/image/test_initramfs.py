from __future__ import annotations

import io
import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from labkit.image.initramfs import TRAILER, write_cpio, write_initramfs
from labkit.image.rootfs import EPOCH, Entry, lab_entries, read_guest


def read_cpio(data: bytes) -> list[Entry]:
    """An independent reader: 6 + 13 × 8 hex digits, name, content, all padded to 4 bytes."""
    entries: list[Entry] = []
    file = io.BytesIO(data)
    while True:
        header = file.read(110)
        assert header[:6] == b"070701"
        fields = [int(header[i : i + 8], 16) for i in range(6, 110, 8)]
        _, mode, uid, gid, links, mtime, size, _, _, major, minor, name_size, check = fields
        name = file.read(name_size)
        assert name.endswith(b"\0") and (uid, gid, check) == (0, 0, 0)
        file.seek(-file.tell() % 4, io.SEEK_CUR)
        if name[:-1] == TRAILER.encode():
            assert file.read() == b""
            return entries
        assert (mtime, links) == (EPOCH, 2 if stat.S_ISDIR(mode) else 1)
        entries.append(Entry(name[:-1].decode(), mode, file.read(size), (major, minor)))
        file.seek(-file.tell() % 4, io.SEEK_CUR)


names = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=300
).filter(lambda name: name != TRAILER)
files = st.builds(Entry, names, st.just(stat.S_IFREG | 0o755), st.binary(max_size=2000))


@given(st.lists(files, max_size=8))
def test_round_trip(entries: list[Entry]) -> None:
    file = io.BytesIO()
    write_cpio(entries, file)
    assert read_cpio(file.getvalue()) == entries
    assert len(file.getvalue()) % 4 == 0


def test_the_labs_initramfs(guest: Path) -> None:
    entries = lab_entries(b"busybox", read_guest())
    file = io.BytesIO()
    write_initramfs(entries, file)
    found = read_cpio(file.getvalue())
    assert [e.path for e in found] == sorted(e.path for e in found)
    assert [e for e in found if not stat.S_ISCHR(e.mode)] == entries
    devices = {e.path: (e.mode, e.device) for e in found if stat.S_ISCHR(e.mode)}
    assert devices == {
        "dev/console": (stat.S_IFCHR | 0o600, (5, 1)),
        "dev/null": (stat.S_IFCHR | 0o666, (1, 3)),
    }
