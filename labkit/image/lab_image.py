"""The built lab image: a folder in the cache, and the record of what is in it."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.image.architecture import AMD64, ARCHITECTURES, Architecture
from labkit.image.in_use import hold
from labkit.system import plain_files

RECORD = "image.json"
ROOTFS = "rootfs"


@dataclass(frozen=True)
class LabImage:
    """One root file system, packaged for every backend. `digest` names its inputs."""

    folder: Path
    digest: str
    rootfs: Path
    container_tar: Path
    container_id: str
    container_tag: str
    kernel: Path
    initramfs: Path
    iso: Path | None  # none for processors that isolinux is not for
    command_line: str
    kernel_version: str
    architecture: Architecture = AMD64
    # Of Debian's, whose programs are in it, by the names that were asked for.
    packages: tuple[str, ...] = ()
    # The root file system as guests have it that it is too big for as an initramfs.
    disk: Path | None = None

    @property
    def versions(self) -> dict[str, str]:
        """Package → version of all of Debian's packages whose programs are in it."""
        packages = self.describe()["programs"]["packages"] if self.packages else {}
        return {name: package["version"] for name, package in packages.items()}

    @property
    def unpacked_kernel(self) -> Path:
        """The kernel as QEMU starts it at once (pvh.py); not there where that cannot be."""
        return self.folder / "vmlinux"

    def describe(self) -> dict[str, Any]:
        """The record: digest, packages and their signatures, sizes."""
        content: dict[str, Any] = plain_files.read_json(self.folder / RECORD)
        return content


def image_in(folder: Path, record: dict[str, Any]) -> LabImage:
    """The image with this record, its files in this folder."""
    architecture = ARCHITECTURES[record.get("architecture", AMD64.name)]
    return LabImage(
        folder=folder,
        digest=record["digest"],
        rootfs=folder / ROOTFS,
        container_tar=folder / "container.tar",
        container_id=record["container_id"],
        container_tag=record["container_tag"],
        kernel=folder / "vmlinuz",
        initramfs=folder / "initramfs.cpio",
        iso=folder / "lab.iso" if architecture.boots_iso else None,
        command_line=record["command_line"],
        kernel_version=record["kernel_version"],
        architecture=architecture,
        packages=tuple(record["programs"]["names"]) if "programs" in record else (),
        disk=folder / "root.ext4" if "programs" in record else None,
    )


def load(folder: Path, digest: str) -> LabImage | None:
    """The image with this digest, if it is there and undamaged; then this lab uses it."""
    hold(folder / RECORD)
    try:
        record = plain_files.read_json(folder / RECORD)
        whole = record["digest"] == digest and record["files"].items() <= file_sizes(folder).items()
        return image_in(folder, record) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def file_sizes(folder: Path) -> dict[str, int]:
    """Path → bytes of every file of an image but its record, sorted."""
    files = (path for path in folder.rglob("*") if stat.S_ISREG(path.lstat().st_mode))
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    sizes.pop(RECORD, None)
    return dict(sorted(sizes.items()))
