"""What the lab puts into its cache, by name and kind; all that `labkit clean` may remove there.

The cache may be any folder that a user has named, with anything else in it. So whatever is not
in this table stays, and so does a folder that the lab has not made itself: those it has made are
noted in the cache. A link is never followed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from labkit.system import owned_files
from labkit.system.paths import cache_dir

NOTE = ".labkit-folders"  # one path a line, relative to the cache; "." is the cache itself


@dataclass(frozen=True)
class File:
    """A regular file; with a key, one that holds a JSON object with that key."""

    key: str = ""

    def fits(self, path: Path) -> bool:
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                return False
            return not self.key or self.key in dict(json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return False


@dataclass(frozen=True)
class Digested:
    """A regular file whose name ends in the first 12 digits of its own SHA-256, and a suffix."""

    suffix: str

    def fits(self, path: Path) -> bool:
        if not File().fits(path):
            return False
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return path.name.endswith(f"-{digest[:12]}{self.suffix}")


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    def fits(self, path: Path) -> bool:
        return path.is_symlink()


@dataclass(frozen=True)
class Folder:
    """A folder that holds (pattern of a name → kind) what is ours beside what is not. With a
    proof, it is ours if that file is in it; `noted`: it only goes if the lab has made it."""

    holds: Mapping[str, Kind] = field(default_factory=dict)
    proof: tuple[str, File] | None = None
    noted: bool = False

    def fits(self, path: Path) -> bool:
        if path.is_symlink() or not path.is_dir():
            return False
        return self.proof is None or self.proof[1].fits(path / self.proof[0])

    def kind_of(self, path: Path) -> Kind | None:
        kinds = (kind for name, kind in self.holds.items() if re.fullmatch(name, path.name))
        return next((kind for kind in kinds if kind.fits(path)), None)

    def listed(self, path: Path) -> list[Path]:
        """What is in it; the proof comes last, so that it is there until all else is gone."""
        last = self.proof[0] if self.proof else None
        return sorted(path.iterdir(), key=lambda one: (one.name == last, one.name))


@dataclass(frozen=True)
class Whole:
    """A folder that is ours with all that is in it, if this file is."""

    proof: str

    def fits(self, path: Path) -> bool:
        return Folder(proof=(self.proof, File())).fits(path)


Kind = File | Digested | Link | Folder | Whole

ROOTFS = Folder(
    {
        # Beside busybox lie the programs of the user's own guest folder (rootfs.py).
        "bin": Folder({"sh": Link(), r"[^.].*": File()}),
        "dev|etc|proc|scratch|sys|tmp": Folder(),
        "init": File(),
        "lab": Folder(
            {"agent|program|shell": File(), "workloads": Folder({r"[^.].*\.sh": File()})}
        ),
    }
)
IMAGE = Folder(
    {
        r"container\.tar|image\.json|initramfs\.cpio|lab\.iso|root\.ext4|vmlinu[xz]": File(),
        # Of one with Debian's programs: all that is in it.
        "root[f]s": Whole("usr/bin/busybox"),
        "rootfs": ROOTFS,
    },
    proof=("image.json", File("files")),
)
CACHE = Folder(
    {
        "debs": Folder(
            {
                r"(pins|programs-[0-9a-f]{12})(-arm64)?\.json": File("packages"),
                r"builds\.json": File("seconds"),
                r"[^.].*\.deb": Digested(".deb"),
            },
            noted=True,
        ),
        "distributions": Folder({"[0-9a-f]{12}": Whole("distribution.json")}, noted=True),
        "images": Folder({"[0-9a-f]{12}(-network-[0-9a-f]{8})?": IMAGE}, noted=True),
        "virtualbox": Folder({r"root-\d+": Whole("usr/lib/virtualbox/VBoxManage")}, noted=True),
    }
)


def make_cache_folder(folder: Path) -> None:
    """Makes a folder. In the cache, it is noted which ones are the lab's own: those that it has
    made, and the cache itself where that was empty."""
    root = cache_dir()
    inside = folder.is_relative_to(root)
    made = [root] if inside and root.is_dir() and not any(root.iterdir()) else []
    made += owned_files.make_folder(folder)
    if inside and made:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        text = "".join(f"{_inner(path)}\n" for path in made if path.is_relative_to(root))
        with os.fdopen(os.open(root / NOTE, flags, 0o644), "w", encoding="utf-8") as note:
            note.write(text)


def strangers(folder: Path, kind: Folder) -> list[Path]:
    """What is in a folder and not ours; the folder itself where that is a link."""
    if folder.is_symlink():
        return [folder]
    return [path for path, known in _look(folder, kind) if known is None]


def remove_known(name: str) -> list[Path]:
    """Removes what is the lab's from the folder of this name in the cache; what stays there."""
    folder, kind = cache_dir() / name, CACHE.holds[name]
    if not os.path.lexists(folder):
        return []
    if not isinstance(kind, Folder) or not kind.fits(folder):
        return [folder]
    owned_files.sweep(folder)
    stays = [path for path, known in list(_look(folder, kind)) if not _removed(path, known)]
    gone = _removed(folder, kind)
    return stays if gone or stays else [folder]


def remove_cache() -> list[Path]:
    """Removes all that is the lab's from the cache, and the cache where that is the lab's own.
    What stays of the names that the lab uses, and the cache itself if that stays."""
    root, noted = cache_dir(), _noted()
    stays = [path for name in CACHE.holds for path in remove_known(name)]
    if noted and not any((root / name).exists() for name in noted - {"."}):
        owned_files.discard(root / NOTE)
    if "." in noted and not root.is_symlink():
        owned_files.discard_empty(root)
    return stays + [root] * root.exists()


def _look(folder: Path, kind: Folder) -> Iterator[tuple[Path, Kind | None]]:
    """All that is in a folder, each after what is in it, and what kind of ours it is."""
    for path in kind.listed(folder):
        inner = kind.kind_of(path)
        if isinstance(inner, Folder):
            yield from _look(path, inner)
        yield path, inner


def _removed(path: Path, kind: Kind | None) -> bool:
    """Removes what is of this kind. A folder that is not empty stays, and is no stranger."""
    match kind:
        case None:
            return False
        case Whole():
            owned_files.remove_tree(path)
        case Folder(noted=True) if _inner(path) not in _noted():
            return False
        case Folder():
            owned_files.discard_empty(path)
        case _:
            owned_files.discard(path)
    return True


def _inner(path: Path) -> str:
    return path.relative_to(cache_dir()).as_posix()


def _noted() -> set[str]:
    note = cache_dir() / NOTE
    return (
        set(note.read_text(encoding="utf-8", errors="replace").splitlines())
        if File().fits(note)
        else set()
    )
