"""What a machine has to be that boots the lab image's ISO, and its disk."""

from __future__ import annotations

from pathlib import Path

from labkit.backends.base import Missing
from labkit.errors import BackendError
from labkit.image.architecture import ARM64, of_this_computer
from labkit.recordings.facts import Limits

SCRATCH_MIB = 64
ONE_PROCESSOR = "the boot medium's kernel is told not to look for more"


def refused() -> Missing | None:
    """Why no machine of this computer boots it."""
    if of_this_computer() == ARM64:
        return Missing(
            "the lab's boot medium is for x86-64, since its boot loader (isolinux) is",
            "on this computer compare docker and qemu",
        )
    return None


def check_processors(limits: Limits, program: str, *, why: str = ONE_PROCESSOR) -> None:
    if limits.cpus != 1:
        raise BackendError(
            f"a machine of {program} has one processor here",
            details=why,
            resolution="--cpus 1, for all backends alike",
        )


def make_disk(folder: Path) -> Path:
    """An empty disk of VMware's: a sparse file, and the text that describes it."""
    content = folder / "scratch-flat.vmdk"
    with content.open("wb") as file:
        file.truncate(SCRATCH_MIB << 20)
    return describe_disk(content, folder / "scratch.vmdk")


def describe_disk(content: Path, descriptor: Path) -> Path:
    """A disk whose content is this file beside its description. Format: VMware's "Virtual Disk
    Format 5.0", "monolithicFlat"."""
    sectors = content.stat().st_size // 512
    descriptor.write_text(
        "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n"
        # QEMU takes what stands below an empty line twice, unless that is a remark.
        'createType="monolithicFlat"\n\n# Extent description\n'
        f'RW {sectors} FLAT "{content.name}" 0\n\n'
        'ddb.virtualHWVersion = "4"\nddb.adapterType="ide"\n'
        'ddb.geometry.cylinders="130"\nddb.geometry.heads="16"\nddb.geometry.sectors="63"\n',
        encoding="utf-8",
    )
    return descriptor
