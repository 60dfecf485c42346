"""Debian's packages: which ones the lab image takes (pins), and their files.

What was once looked up is kept as pins in the cache, so that a later build needs no network and
makes the same image, until the user asks for newer packages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from labkit.errors import ImageError
from labkit.image.architecture import AMD64, ARCHITECTURES, Architecture
from labkit.image.download import Unreachable, download
from labkit.image.index import Package, find_packages, kernel_dependency, newest
from labkit.image.room import unfinished
from labkit.image.suites import RELEASE, SECURITY, Index, open_suite
from labkit.system import owned_files, plain_files

BUSYBOX, ISOLINUX, SYSLINUX = "busybox-static", "isolinux", "syslinux-common"
KERNEL_METAPACKAGE = "linux-image-cloud-{}"


@dataclass(frozen=True)
class Pins:
    """The packages of an image, and for each suite how far its signature was verified."""

    packages: dict[str, Package]
    kernel: str
    signatures: dict[str, str]
    architecture: str = AMD64.name

    @property
    def boot_loader(self) -> tuple[str, ...]:
        """The boot loader's packages; none where there is no boot loader."""
        return (ISOLINUX, SYSLINUX) if ARCHITECTURES[self.architecture].boots_iso else ()


@dataclass(frozen=True)
class Suites:
    """The release's index, and that of its security updates where it can be had."""

    indexes: tuple[Index, ...]
    signatures: dict[str, str]


def open_suites(folder: Path, architecture: Architecture, *, progress: bool) -> Suites:
    """Asks the mirrors. Raises Unreachable, or ImageError."""
    indexes = [open_suite(RELEASE, architecture, folder, progress=progress)]
    signatures = {RELEASE.name: indexes[0].signature}
    try:
        indexes.append(open_suite(SECURITY, architecture, folder, progress=progress))
        signatures[SECURITY.name] = indexes[1].signature
    except Unreachable as error:
        signatures[SECURITY.name] = f"not used: {error.brief} ({error.details})"
    return Suites(tuple(indexes), signatures)


def look_up(suites: Suites, architecture: Architecture) -> Pins:
    """The newest packages. ImageError where one is not there."""
    indexes = suites.indexes
    kernel = kernel_dependency(_newest_of(indexes, KERNEL_METAPACKAGE.format(architecture.name)))
    pins = Pins({}, kernel, suites.signatures, architecture.name)
    names = (BUSYBOX, *pins.boot_loader, kernel)
    return replace(pins, packages={name: _newest_of(indexes, name) for name in names})


def fetch(package: Package, folder: Path, *, progress: bool, needed: int = 0) -> Path:
    """The package's .deb in the cache, checked. needed: bytes of all that is still to be fetched,
    said where there is no room."""
    file, expected = place(package, folder), package.expected
    return download(package.url, file, expected, progress=progress, needed=needed)


def place(package: Package, folder: Path) -> Path:
    """Where its .deb lies, or will."""
    return folder / f"{package.name}-{package.sha256[:12]}.deb"


def read_member(deb: Path, patterns: Sequence[str]) -> bytes:
    """The content of the first file in a package (deb(5)) that matches one of the patterns."""
    from debian.debfile import DebFile

    with DebFile(deb) as package:
        tar = package.data.tgz()
        for member in tar:  # one by one: a kernel comes long before its modules
            name = member.name.removeprefix("./")
            if member.isfile() and any(fnmatchcase(name, pattern) for pattern in patterns):
                file = tar.extractfile(member)
                return file.read() if file else b""
    raise ImageError(
        f"the package {deb.name} has no file {' or '.join(patterns)}",
        resolution="if your Debian is newer than the lab, look for a newer lab",
    )


def read_members(deb: Path, patterns: Sequence[str]) -> dict[str, bytes]:
    """Path → content of all files in a package that match one of the patterns."""
    from debian.debfile import DebFile

    contents = {}
    with DebFile(deb) as package:
        tar = package.data.tgz()
        for member in tar:
            name = str(member.name)
            if member.isfile() and any(fnmatchcase(name, pattern) for pattern in patterns):
                file = tar.extractfile(member)
                contents[name] = file.read() if file else b""
    return contents


def pins_name(architecture: Architecture) -> str:
    """The name of the file with the pins of images for these computers."""
    return "pins.json" if architecture == AMD64 else f"pins-{architecture.name}.json"


def save_pins(pins: Any, file: Path) -> None:
    """Writes the pins of an image, or those of its programs, whole or not at all."""
    content = json.dumps(asdict(pins), indent=2)
    with unfinished(file.parent, len(content)) as folder:
        (folder / file.name).write_text(content, encoding="utf-8")
        owned_files.settle(folder / file.name, file)


def load_pins(file: Path) -> Pins | None:
    """The pins of an earlier look-up, or None; a damaged file counts as none."""
    try:
        content = plain_files.read_json(file)
        packages = {name: Package(**fields) for name, fields in content["packages"].items()}
        architecture = ARCHITECTURES[content.get("architecture", AMD64.name)].name
        pins = Pins(packages, content["kernel"], dict(content["signatures"]), architecture)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return pins if {BUSYBOX, *pins.boot_loader, pins.kernel} <= pins.packages.keys() else None


def _newest_of(indexes: Sequence[Index], name: str) -> Package:
    packages = (p for index in indexes for p in find_packages(index.packages, name, index.mirror))
    return newest(packages, name)
