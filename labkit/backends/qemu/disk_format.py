"""`qemu:disk_format=qcow2`: what the file behind the guest's scratch disk is. An empty disk is made
once by qemu-img, with its usual options, and each start gets a copy: so no start waits for it."""

from __future__ import annotations

from labkit.backends.base import Missing
from labkit.backends.qemu.command import SCRATCH_MIB
from labkit.recordings.facts import DISK_FORMATS
from labkit.system.owner_marks import scratch_folder
from labkit.system.process import as_root, find_tool, run

IMAGER = "qemu-img"
RAW = DISK_FORMATS[0]


def missing(kind: str) -> Missing | None:
    """Why no disk of this format can be made here."""
    if kind == RAW or find_tool(IMAGER):
        return None
    return Missing(f"{IMAGER}, which makes {kind} disks, is not installed", as_root("setup qemu"))


def empty_disk(kind: str) -> bytes:
    """The file of an empty disk; of a raw one, nothing. CommandError where qemu-img fails."""
    if kind == RAW:
        return b""
    with scratch_folder() as folder:
        file = folder / "empty"
        run([IMAGER, "create", "-q", "-f", kind, str(file), f"{SCRATCH_MIB}M"])
        return file.read_bytes()
