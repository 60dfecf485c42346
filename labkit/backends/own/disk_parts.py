"""The files that a disk consists of, and whether each of them is whole.

A disk may be based on another one (a qcow2 of differences), and a VMDK may lie in several files. A
program that opens a torn one reads zeros where its file has ended, so that is looked for before.
qemu-img(1) tells the files; without it only the named one is known, and is not looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.backends.qemu.disk_format import IMAGER
from labkit.errors import BackendError, CommandError
from labkit.system.paths import typed
from labkit.system.process import find_tool, last_lines, run

LOOK_S, CHECK_S = 60.0, 600.0
FLAT = "flat"
# What qemu-img says of a torn file, of qcow2 and of VMDK. Whatever else it finds (a disk whose
# machine was killed, clusters that nobody uses) hinders nobody who only reads it.
TORN = re.compile(r"exceeding the end of the file|points after EOF")
# offData, cbBlock, cBlocksAllocated of block/vdi.c's header, version 1.1, and where they end.
VDI_FIELDS, VDI_HEADER = (344, 376, 388), 392


@dataclass(frozen=True)
class Part:
    """bytes: how long it must be at least, where that is known."""

    file: Path
    format: str
    bytes: int = 0


def parts(disk: Path, kind: str) -> tuple[Part, ...]:
    """The disk itself first. BackendError where qemu-img cannot open one of them."""
    if find_tool(IMAGER) is None:
        return (Part(disk, kind),)
    words = [IMAGER, "info", "--force-share", "--backing-chain", "--output=json", "-f", kind]
    try:
        told = json.loads(run([*words, str(disk.absolute())], timeout=LOOK_S).stdout)
    except (CommandError, ValueError) as error:
        why = last_lines(error.details) if isinstance(error, CommandError) else str(error)
        raise BackendError(
            f"the disk {disk} cannot be opened",
            details=why,
            resolution="what it is based on must be where it was; of a disk of differences make a "
            f"whole one: qemu-img convert -O qcow2 {typed(disk)} WHOLE.qcow2, for VirtualBox's: "
            f"VBoxManage clonemedium {typed(disk)} WHOLE.vdi",
        ) from error
    return tuple(part for image in told for part in _parts_of(image, disk))


def _parts_of(image: dict[str, Any], disk: Path) -> Iterator[Part]:
    folder, name = disk.absolute().parent, str(image["filename"])
    found = [Part(folder / name, str(image["format"]))]
    for extent in image.get("format-specific", {}).get("data", {}).get("extents", ()):
        if extent["filename"] != name:
            flat = str(extent.get("format")).lower() == FLAT
            file = folder / str(extent["filename"])
            found.append(Part(file, FLAT if flat else "", int(extent["virtual-size"])))
    yield from (part for part in found if part.file.is_file())  # and nothing in a network


def require_whole(disk: Path, kind: str, named: Path) -> None:
    """BackendError for a torn one; `named`: the file that the user has named, which it is in."""
    for part in parts(disk, kind):
        if damage := _damage(part):
            which = "" if part.file.absolute() == named.absolute() else f", in {part.file.name}"
            raise BackendError(
                f"the disk {named} is torn{which}: its file ends before the disk does",
                details=damage,
                resolution="copy it anew from where it came from",
            )


def _damage(part: Part) -> str:
    if part.format == "vdi":  # qemu-img check does not notice a VDI that is too short
        return _too_short(part.file, _promised(part.file))
    if part.format == FLAT:
        return _too_short(part.file, part.bytes)
    if part.format not in ("qcow2", "vmdk") or find_tool(IMAGER) is None:
        return ""
    words = [IMAGER, "check", "--force-share", "-f", part.format, str(part.file)]
    checked = run(words, check=False, timeout=CHECK_S)
    said = checked.stderr + checked.stdout
    return last_lines("\n".join(filter(TORN.search, said.splitlines())))


def _promised(disk: Path) -> int:
    """The bytes that the header of a VDI speaks of."""
    with disk.open("rb") as file:
        head = file.read(VDI_HEADER)
    if len(head) < VDI_HEADER:
        return VDI_HEADER
    data, size, blocks = (int.from_bytes(head[at : at + 4], "little") for at in VDI_FIELDS)
    return data + size * blocks


def _too_short(file: Path, promised: int) -> str:
    there = file.stat().st_size
    return f"it must have {promised} bytes, and {there} are there" if there < promised else ""
