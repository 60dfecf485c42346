"""Files with the disk of a machine: which format they have, by their first bytes.

Magic numbers: QEMU's docs/interop/qcow2 and block/vdi.c; VMware's Virtual Disk Format 5.0
(monolithic sparse and its descriptor). An appliance is a tar (POSIX, ustar). A raw disk begins
with a boot sector (55 AA at its end).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from labkit.backends.base import Missing, broken
from labkit.backends.own import appliance
from labkit.backends.own.disk_parts import parts, require_whole
from labkit.backends.own.names import DISK
from labkit.backends.qemu.disk_format import IMAGER
from labkit.errors import BackendError
from labkit.system.open_files import writers
from labkit.system.owner_marks import scratch_folder
from labkit.system.process import find_tool

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
LUKS, ENCRYPTED_AT = b"LUKS\xba\xbe", 32  # of qcow2's header: crypt_method
DECRYPT = "name a copy that is not encrypted: the lab asks for no passphrase"


def format_of(disk: Path) -> str:
    """The name that QEMU has for it, or APPLIANCE; empty for none that is known. Raises OSError."""
    with disk.open("rb") as file:
        head = file.read(512)
    if head.startswith(DESCRIPTOR):
        return "vmdk"
    formats = (kind for kind, (at, magic) in KINDS.items() if head[at : at + len(magic)] == magic)
    return next(formats, "")


def place(chosen: Mapping[str, str]) -> Path:
    """The file that the settings name."""
    return Path(next(chosen[word] for word in DISK if word in chosen)).expanduser()


def problem(chosen: Mapping[str, str]) -> Missing | None:
    """Why a machine cannot boot this disk."""
    if all(word in chosen for word in DISK):
        return Missing("a machine boots one disk, and two are named", "name disk= or ova=")
    disk = place(chosen)
    try:
        if disk.exists() and not disk.is_file():
            return Missing(f"{disk} is no file", USE)
        kind, encrypted = format_of(disk), _is_encrypted(disk)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        return Missing(f"the disk {disk} cannot be read: {why}", USE)
    if encrypted:
        return Missing(f"the disk {disk} is encrypted", DECRYPT)
    if not kind:
        return Missing(f"the disk {disk} has no format that is known, and no boot sector", USE)
    if "ova" in chosen and kind != APPLIANCE:
        return Missing(f"{disk} is no OVA, but a disk in the format {kind}", f"disk={disk}")
    try:
        if kind == APPLIANCE:
            appliance.read(disk)
        files = [disk] if kind == APPLIANCE else [part.file for part in parts(disk, kind)]
    except BackendError as error:
        return broken(error)
    for file in files:
        if users := writers(file):
            return Missing(
                f"the disk {file} is in use: {' and '.join(users)} may write to it",
                "end that program (shut its machine down), or name a copy",
            )
    return None


def _is_encrypted(disk: Path) -> bool:
    with disk.open("rb") as file:
        head = file.read(ENCRYPTED_AT + 4)
    return head.startswith(LUKS) or (
        head.startswith(KINDS["qcow2"][1]) and head[ENCRYPTED_AT:] not in (b"", bytes(4))
    )


def described(disk: Path) -> str:
    """What tells a disk from another one, without reading all of it."""
    kind, told = format_of(disk), _facts(disk)
    if kind == APPLIANCE:
        found = appliance.read(disk)
        which = f", the first of {found.count} disks" if found.count > 1 else ""
        return f"{told}; of it {found.disk}{which}"
    if find_tool(IMAGER) is None:
        return f"{told}; not known whether it is whole: {IMAGER} is not installed"
    others = (part.file for part in parts(disk, kind)[1:])
    return "; ".join([told, *(f"with {file.name}: {_facts(file)}" for file in others)])


def _facts(disk: Path) -> str:
    facts = disk.stat()
    changed = datetime.fromtimestamp(facts.st_mtime, UTC).isoformat(timespec="seconds")
    return f"{format_of(disk) or 'raw'}, {facts.st_size} bytes, changed {changed}"


@contextmanager
def unpacked(disk: Path) -> Iterator[Path]:
    """The disk itself; an appliance's in a temporary folder. BackendError for one that is torn."""
    if format_of(disk) != APPLIANCE:
        require_whole(disk, format_of(disk), disk)
        yield disk
        return
    with scratch_folder() as folder:
        found = appliance.unpack(disk, folder / "disk")
        if format_of(found) in ("", APPLIANCE):
            raise BackendError(
                f"the disk in {disk} has no format that is known",
                details=f"it is {appliance.read(disk).disk}",
                resolution=USE,
            )
        require_whole(found, format_of(found), disk)
        yield found
