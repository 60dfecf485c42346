"""Writes one image folder: the root file system, its packagings, and the record of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labkit.image.bytecode import bytecode_entries
from labkit.image.container import write_container
from labkit.image.ext4 import write_ext4
from labkit.image.initramfs import write_initramfs
from labkit.image.inputs import Contents, Inputs, read_disk_script
from labkit.image.iso import write_iso
from labkit.image.kernel import kernel_version
from labkit.image.lab_image import RECORD, ROOTFS, LabImage, file_sizes, image_in
from labkit.image.rootfs import Entry, disk_entries, write_folder
from labkit.image.unpacked import unpacked_elf
from labkit.system.progress import bar


def needed_bytes(contents: Contents) -> int:
    """About what an image takes: a kernel, two unpacked ones, four root file systems."""
    return 7 * len(contents.kernel) + 4 * sum(len(entry.data) for entry in contents.root)


def write_image(
    inputs: Inputs, contents: Contents, folder: Path, *, progress: bool = False
) -> LabImage:
    """Writes everything into a new folder, the record last."""
    with bar(total=3, desc="lab image: ", delay=2.0, leave=False, disable=not progress) as shown:
        folder.mkdir(mode=0o755)
        write_folder(contents.root, folder / ROOTFS)
        shown.update()
        root = list(contents.root)
        if inputs.bytecode:
            root = sorted([*root, *bytecode_entries(folder / ROOTFS)], key=lambda one: one.path)
        shown.update()
        image, record = _write_packagings(inputs, contents, root, folder)
        _write_record(image, record)
        shown.update()
    return image


def _write_packagings(
    inputs: Inputs, contents: Contents, root: Sequence[Entry], folder: Path
) -> tuple[LabImage, dict[str, Any]]:
    archive = folder / "container.tar"
    container_id, tag = write_container(root, inputs.digest, inputs.architecture, archive)
    record: dict[str, Any] = {
        "digest": inputs.digest,
        "kernel_version": kernel_version(contents.kernel, inputs.architecture),
        "container_id": container_id,
        "container_tag": tag,
        **inputs.provenance(),
        "command_line": inputs.command_line,
    }
    image = image_in(folder, record)
    image.kernel.write_bytes(contents.kernel)
    if elf := unpacked_elf(contents.kernel):
        image.unpacked_kernel.write_bytes(elf)
    initial = root
    if image.disk:
        initial = disk_entries(contents.busybox, read_disk_script())
        with image.disk.open("wb") as file:
            write_ext4(root, file)
    with image.initramfs.open("wb") as file:
        write_initramfs(initial, file)
    if image.iso and contents.boot_loader:
        write_iso(
            image.iso,
            kernel=image.kernel,
            initramfs=image.initramfs,
            boot_loader=contents.boot_loader,
            command_line=image.command_line,
        )
    return image, record


def _write_record(image: LabImage, record: dict[str, Any]) -> None:
    files = file_sizes(image.folder)
    rootfs = sum(size for path, size in files.items() if path.startswith("rootfs/"))
    kernels = (image.kernel, image.unpacked_kernel)
    packagings = (image.container_tar, *kernels, image.initramfs, image.iso, image.disk)
    record["bytes"] = {"rootfs": rootfs} | {
        path.name: files[path.name] for path in packagings if path and path.name in files
    }
    record["files"] = files
    (image.folder / RECORD).write_text(json.dumps(record, indent=2), encoding="utf-8")
