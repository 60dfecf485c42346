"""Files with the disk of a machine: which format they have, by their first bytes.

Magic numbers: QEMU's docs/interop/qcow2 and block/vdi.c; VMware's Virtual Disk Format 5.0
(monolithic sparse and its descriptor). An appliance (OVA, DMTF's DSP0243) is a tar of a description
and its disks. A raw disk begins with a boot sector (55 AA at its end).
"""

from __future__ import annotations

import shutil
import tarfile
from datetime import UTC, datetime
from pathlib import Path

from labkit.backends.base import Missing
from labkit.errors import BackendError

APPLIANCE = "ova"
KINDS = {
    "qcow2": (0, b"QFI\xfb"),
    "vmdk": (0, b"KDMV"),
    "vdi": (64, b"\x7f\x10\xda\xbe"),
    APPLIANCE: (257, b"ustar"),
    "raw": (510, b"\x55\xaa"),
}
DESCRIPTOR = b"# Disk DescriptorFile"
USE = "name a disk in the format qcow2, raw, vdi or vmdk, or an OVA: qemu:disk=FILE:ready=tcp:22"


def format_of(disk: Path) -> str:
    """The name that QEMU has for it, or APPLIANCE; empty for none that is known. Raises OSError."""
    with disk.open("rb") as file:
        head = file.read(512)
    if head.startswith(DESCRIPTOR):
        return "vmdk"
    formats = (kind for kind, (at, magic) in KINDS.items() if head[at : at + len(magic)] == magic)
    return next(formats, "")


def problem(disk: Path) -> Missing | None:
    """Why a machine cannot boot this disk."""
    try:
        if disk.exists() and not disk.is_file():
            return Missing(f"{disk} is no file", USE)
        kind = format_of(disk)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        return Missing(f"the disk {disk} cannot be read: {why}", USE)
    if not kind:
        return Missing(f"the disk {disk} has no format that is known, and no boot sector", USE)
    return None


def described(disk: Path) -> str:
    """What tells a disk from another one, without reading all of it."""
    facts = disk.stat()
    changed = datetime.fromtimestamp(facts.st_mtime, UTC).isoformat(timespec="seconds")
    return f"{format_of(disk)}, {facts.st_size} bytes, changed {changed}"


def unpack(appliance: Path, folder: Path) -> Path:
    """The first disk of an appliance, in `folder`."""
    with tarfile.open(appliance) as archive:
        for member in archive:
            if member.isfile() and member.name.endswith(".vmdk"):
                content = archive.extractfile(member)
                assert content is not None
                target = folder / "disk.vmdk"
                with target.open("wb") as file:
                    shutil.copyfileobj(content, file)
                return target
    raise BackendError(f"there is no disk (*.vmdk) in {appliance}", resolution=USE)
