"""The lab's root file system: one list of entries, from which every packaging is written.

busybox, the agent, the workloads and the guests' init; the folders that a kernel's file systems
are mounted on; nothing else. Owner and group are root, and each file has the same date, so that
the same inputs make the same bits.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from labkit.errors import UsageError
from labkit.system.paths import own_guest_dir

# The day of Debian 12's release. A fixed date: the image must not tell when it was built
# (https://reproducible-builds.org/docs/source-date-epoch/).
EPOCH = 1_686_355_200
GUEST_FOLDER = Path(__file__).parent.parent / "guest"


@dataclass(frozen=True)
class Entry:
    """One name in a file system; `mode` holds type and permissions, as in inode(7)."""

    path: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


def folder(path: str, permissions: int = 0o755) -> Entry:
    return Entry(path, stat.S_IFDIR | permissions)


def program(path: str, data: bytes) -> Entry:
    return Entry(path, stat.S_IFREG | 0o755, data)


def text(path: str, content: str | bytes) -> Entry:
    data = content.encode() if isinstance(content, str) else content
    return Entry(path, stat.S_IFREG | 0o644, data)


def link(path: str, target: str) -> Entry:
    return Entry(path, stat.S_IFLNK | 0o777, target.encode())


def character_device(path: str, permissions: int, major: int, minor: int) -> Entry:
    return Entry(path, stat.S_IFCHR | permissions, device=(major, minor))


def read_guest() -> dict[str, bytes]:
    """Path in the image → content, of all that the lab puts into it."""
    source, own = GUEST_FOLDER, own_guest_dir()
    files = {f"lab/{name}": source / name for name in ("agent", "shell", "program")}
    files["init"] = source / "init"
    files |= {f"lab/workloads/{f.name}": f for f in sorted((source / "workloads").glob("*.sh"))}
    files |= {f"lab/workloads/{f.name}": f for f in _own_files(own, "workloads", "*.sh")}
    # A checkout on Windows may have changed the line ends, which busybox does not take.
    texts = {path: file.read_bytes().replace(b"\r\n", b"\n") for path, file in files.items()}
    return texts | {f"bin/{f.name}": f.read_bytes() for f in _own_files(own, "bin", "*")}


def _own_files(own: Path | None, folder: str, pattern: str) -> list[Path]:
    """What a user's own folder adds; UsageError where it would replace the lab's."""
    if own is None:
        return []
    files = sorted(file for file in (own / folder).glob(pattern) if file.is_file())
    for file in files:
        if folder == "bin" and file.name in ("busybox", "sh"):
            raise UsageError(f"bin/{file.name} is the lab's own", resolution=f"rename {file}")
    return files


def lab_entries(busybox: bytes, guest: Mapping[str, bytes]) -> list[Entry]:
    """The root file system, sorted by path: a folder comes before what is in it."""
    names = ("bin", "dev", "etc", "lab", "lab/workloads", "proc", "scratch", "sys")
    entries = [folder(name) for name in names]
    entries += [folder("tmp", 0o1777), program("bin/busybox", busybox), link("bin/sh", "busybox")]
    entries += [program(path, data) for path, data in guest.items()]
    return sorted(entries, key=lambda entry: entry.path)


def disk_entries(busybox: bytes, script: bytes) -> list[Entry]:
    """What a guest begins in whose root file system lies on a disk."""
    folders = [folder(name) for name in ("bin", "dev", "disk", "proc")]
    return [*folders, program("bin/busybox", busybox), program("init", script)]


def write_folder(entries: Iterable[Entry], target: Path) -> None:
    """Lays the root file system out on disk, owned by the user. Devices are left out."""
    target.mkdir()
    target.chmod(0o755)  # whatever the umask is
    for entry in entries:
        path = target / entry.path
        if entry.is_link:
            # A host without links (Windows) cannot run the image's programs anyway.
            with suppress(OSError, NotImplementedError):
                path.symlink_to(entry.data.decode())
        elif entry.is_folder:
            path.mkdir()
            path.chmod(stat.S_IMODE(entry.mode))
        elif stat.S_ISREG(entry.mode):
            path.write_bytes(entry.data)
            path.chmod(stat.S_IMODE(entry.mode))
