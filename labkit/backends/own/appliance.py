"""An appliance (OVA): a tar of a description, its disks, and mostly a list of their digests.

Format: DMTF's DSP0243, "Open Virtualization Format", 7 (the envelope) and 6 (packaging).
"""

from __future__ import annotations

import hashlib
import re
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkit.errors import BackendError

MOST_BYTES = 4 << 20  # of a description
ENCRYPTION = "http://www.w3.org/2001/04/xmlenc#"
AGAIN = "export it once more, or copy it anew from where it came from; tar -tf FILE lists it"
_DIGEST = re.compile(
    r"^SHA(1|224|256|384|512)\s*\(([^)]+)\)\s*=\s*([0-9a-fA-F]+)\s*$", re.MULTILINE
)
_PIECE = 1 << 20


@dataclass(frozen=True)
class Appliance:
    """disk: the name of its first one, of `count`. digest: the algorithm, and what it must be."""

    disk: str
    count: int
    digest: tuple[str, str] | None = None


def read(ova: Path) -> Appliance:
    """What is in it; the disks themselves are not looked at. BackendError where no machine can be
    made of it."""
    with _opened(ova) as (archive, members):
        description = next((m for name, m in members.items() if name.endswith(".ovf")), None)
        if description is None:
            raise _damaged(ova, "it has no description (*.ovf)")
        disks = _disks(ova, _text(archive, description))
        if disks[0] not in members:
            raise _damaged(ova, f"its description names the disk {disks[0]}, which is not in it")
        digests = "".join(_text(archive, m) for n, m in members.items() if n.endswith(".mf"))
        found = {m[2]: (f"sha{m[1]}", m[3].lower()) for m in _DIGEST.finditer(digests)}
        return Appliance(disks[0], len(disks), found.get(disks[0]))


def unpack(ova: Path, target: Path) -> Path:
    """Its first disk, as a file of its own."""
    wanted = read(ova)
    algorithm, digest = wanted.digest or ("sha1", "")
    counted = hashlib.new(algorithm, usedforsecurity=False)
    with _opened(ova) as (archive, members), target.open("wb") as file:
        content = archive.extractfile(members[wanted.disk])
        assert content is not None, "only files are members"
        while piece := content.read(_PIECE):
            counted.update(piece)
            file.write(piece)
    if digest and counted.hexdigest() != digest:
        raise _damaged(ova, f"its list of digests (*.mf) has another one for {wanted.disk}")
    return target


@contextmanager
def _opened(ova: Path) -> Iterator[tuple[tarfile.TarFile, Mapping[str, tarfile.TarInfo]]]:
    """The archive, and its files by name. To list them is to find out where it is torn."""
    try:
        with tarfile.open(ova, "r:") as archive:
            yield archive, {member.name: member for member in archive if member.isfile()}
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(ova, str(error)) from error


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    content = archive.extractfile(member)
    assert content is not None, "only files are members"
    return content.read(MOST_BYTES).decode(errors="replace")


def _disks(ova: Path, description: str) -> list[str]:
    """The files of its disks, in the description's order."""
    try:
        parts = list(ET.fromstring(description).iter())  # noqa: S314  bounded, and the user's own
    except ET.ParseError as error:
        raise _damaged(ova, f"its description (*.ovf) cannot be read: {error}") from error
    if any(ENCRYPTION in part.tag for part in parts):
        raise BackendError(
            f"the appliance {ova} is encrypted",
            resolution="export one that is not: the lab asks for no passphrase",
        )
    files = {about.get("id", ""): about for about in _named(parts, "File")}
    references = [about["fileRef"] for about in _named(parts, "Disk") if "fileRef" in about]
    disks = [files[name] for name in references if name in files]
    if not disks:
        raise _damaged(ova, "its description names no disk with a file")
    if packed := {"compression", "chunkSize"} & disks[0].keys():
        raise BackendError(
            f"the disk in {ova} is packed or in pieces",
            details=f"its description says so: {', '.join(sorted(packed))}",
            resolution="tar -xf FILE unpacks it; name the disk itself, once it is a whole one",
        )
    return [about.get("href", "") for about in disks]


def _named(parts: list[ET.Element], name: str) -> Iterator[dict[str, str]]:
    """The attributes of these elements, all without their namespaces."""
    for part in parts:
        if _local(part.tag) == name:
            yield {_local(key): value for key, value in part.attrib.items()}


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _damaged(ova: Path, why: str) -> BackendError:
    return BackendError(f"the appliance {ova} is damaged", details=why, resolution=AGAIN)
