"""Opens a suite of Debian's archive: its signed Release file, then its package index.

Each file vouches for the next: the signature for InRelease, InRelease for Packages.xz, and
Packages.xz for each .deb (https://wiki.debian.org/DebianRepository/Format).
"""

from __future__ import annotations

import lzma
from dataclasses import dataclass
from pathlib import Path

from labkit.errors import ImageError
from labkit.image import apt_sources
from labkit.image.architecture import Architecture
from labkit.image.download import Unreachable, download
from labkit.image.release import Release, read_release
from labkit.image.room import unfinished


@dataclass(frozen=True)
class Suite:
    """One suite of Debian, the last part of its archive's address, and its main mirror."""

    name: str
    archive: str
    main_mirror: str


RELEASE = Suite("bookworm", "debian", "http://deb.debian.org/debian")
SECURITY = Suite(
    "bookworm-security", "debian-security", "http://security.debian.org/debian-security"
)


@dataclass(frozen=True)
class Index:
    """A suite's list of packages, where it came from, and how far that was verified."""

    mirror: str
    packages: bytes
    signature: str


def open_suite(suite: Suite, architecture: Architecture, folder: Path, *, progress: bool) -> Index:
    """The index of the first mirror that works: those of the host's apt, then the main one."""
    mirrors = [*apt_sources.mirrors(suite.name, suite.archive), suite.main_mirror]
    index = f"main/binary-{architecture.name}/Packages.xz"
    failures = []
    for mirror in dict.fromkeys(mirrors):
        try:
            release = _read_release(suite, mirror, folder, progress)
            packages = _read_index(f"{mirror}/dists/{suite.name}", index, release, folder, progress)
        except Unreachable as error:
            failures.append(error)
        else:
            return Index(mirror, packages, release.signature)
    raise failures[0]


def _read_release(suite: Suite, mirror: str, folder: Path, progress: bool) -> Release:
    url = f"{mirror}/dists/{suite.name}/InRelease"
    with unfinished(folder) as temporary:
        release = read_release(download(url, temporary / "InRelease", None, progress=progress))
    if (release.origin, release.codename) != ("Debian", suite.name):
        raise Unreachable(
            f"{mirror} is not Debian's archive",
            details=f"its origin is {release.origin!r}, its codename {release.codename!r}",
            resolution="correct the addresses in /etc/apt/sources.list",
        )
    return release


def _read_index(suite: str, index: str, release: Release, folder: Path, progress: bool) -> bytes:
    if index not in release.files:
        raise Unreachable(f"{suite} has no index {index}")
    expected = release.files[index]
    # By its hash, an index can be had also while the mirror changes to the next one.
    by_hash = f"{index.rpartition('/')[0]}/by-hash/SHA256/{expected.sha256}"
    url = f"{suite}/{by_hash if release.by_hash else index}"
    with unfinished(folder) as temporary:
        file = download(url, temporary / "Packages.xz", expected, progress=progress)
        try:
            return lzma.decompress(file.read_bytes())
        except lzma.LZMAError as error:
            raise ImageError(f"{url} cannot be unpacked", details=str(error)) from error
