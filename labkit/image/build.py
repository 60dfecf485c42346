"""Builds the lab image into the cache, or finds the one that is there already.

    <cache>/debs/pins.json, *.deb       which packages, and their files
    <cache>/images/<digest>/            an image; it appears by one rename, whole
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.image import debs
from labkit.image.cmdline import KERNEL_COMMAND_LINE
from labkit.image.container import write_container
from labkit.image.debs import BUSYBOX, ISOLINUX, SYSLINUX, Pins
from labkit.image.download import Unreachable
from labkit.image.initramfs import write_initramfs
from labkit.image.iso import write_iso
from labkit.image.kernel import kernel_version, read_kernel
from labkit.image.lab_image import RECORD, LabImage, file_sizes, image_in, load
from labkit.image.room import sweep, unfinished
from labkit.image.rootfs import Entry, lab_entries, read_guest, write_folder
from labkit.paths import cache_dir

BUILDER_VERSION = 1  # raise it when the same inputs make other bits


@dataclass(frozen=True)
class Inputs:
    """All that decides what is in the image."""

    pins: Pins
    guest: dict[str, bytes]
    own_kernel: bytes | None

    @property
    def packages(self) -> list[str]:
        return [BUSYBOX, ISOLINUX, SYSLINUX, *([] if self.own_kernel else [self.pins.kernel])]

    @property
    def digest(self) -> str:
        key = {
            "builder": BUILDER_VERSION,
            "command_line": KERNEL_COMMAND_LINE,
            "debs": sorted(self.pins.packages[name].sha256 for name in self.packages),
            "guest": {path: _sha256(data) for path, data in self.guest.items()},
            "kernel": _sha256(self.own_kernel) if self.own_kernel else None,
        }
        return _sha256(json.dumps(key, sort_keys=True).encode())

    @property
    def folder(self) -> Path:
        return _images() / self.digest[:12]


@dataclass(frozen=True)
class Contents:
    """What the packages hold that the image is made of."""

    busybox: bytes
    kernel: bytes
    isolinux: bytes
    ldlinux: bytes


def build(*, kernel: Path | None = None, refresh: bool = False, progress: bool = True) -> LabImage:
    """The lab image for these inputs; does nothing when it is there. Raises ImageError.

    `kernel` is a kernel file of the user's own. `refresh` looks for newer packages. `progress`
    shows bars for downloads.
    """
    own_kernel = read_kernel(kernel) if kernel else None
    _sweep()
    pins = None if refresh else debs.load_pins(_pins_file())
    if pins is None:
        return _build(_look_up(progress), own_kernel, progress)
    try:
        return _build(pins, own_kernel, progress)
    except Unreachable:  # a mirror drops a package when a newer version is there
        return _build(_look_up(progress), own_kernel, progress)


def find(*, kernel: Path | None = None) -> LabImage | None:
    """The image that was built for these inputs, or None. Never builds, needs no network."""
    pins = debs.load_pins(_pins_file())
    if pins is None:
        return None
    inputs = Inputs(pins, read_guest(), read_kernel(kernel) if kernel else None)
    return load(inputs.folder, inputs.digest)


def _build(pins: Pins, own_kernel: bytes | None, progress: bool) -> LabImage:
    inputs = Inputs(pins, read_guest(), own_kernel)
    found = load(inputs.folder, inputs.digest)
    if found:
        return found
    contents = _contents(inputs, progress)
    needed = 3 * len(contents.kernel) + 5 * len(contents.busybox)
    with unfinished(_images(), needed) as temporary:
        image = _write(inputs, contents, temporary / "image")
        return _put_in_place(image, inputs)


def _look_up(progress: bool) -> Pins:
    pins = debs.look_up(_debs(), progress=progress)
    debs.save_pins(pins, _pins_file())
    return pins


def _contents(inputs: Inputs, progress: bool) -> Contents:
    def read(name: str, *patterns: str) -> bytes:
        package = debs.fetch(inputs.pins.packages[name], _debs(), progress=progress)
        return debs.read_member(package, patterns)

    return Contents(
        busybox=read(BUSYBOX, "bin/busybox", "usr/bin/busybox"),
        kernel=inputs.own_kernel or read(inputs.pins.kernel, "boot/vmlinuz-*"),
        isolinux=read(ISOLINUX, "usr/lib/ISOLINUX/isolinux.bin"),
        ldlinux=read(SYSLINUX, "usr/lib/syslinux/modules/bios/ldlinux.c32"),
    )


def _write(inputs: Inputs, contents: Contents, folder: Path) -> LabImage:
    """Writes all packagings, and the record last."""
    folder.mkdir(mode=0o755)
    entries = lab_entries(contents.busybox, inputs.guest)
    container_id, tag = write_container(entries, inputs.digest, folder / "container.tar")
    record = {
        "digest": inputs.digest,
        "kernel_version": kernel_version(contents.kernel),
        "command_line": KERNEL_COMMAND_LINE,
        "container_id": container_id,
        "container_tag": tag,
        **_provenance(inputs),
    }
    image = image_in(folder, record)
    _write_for_guests(entries, contents, image)
    write_folder(entries, image.rootfs)
    record["files"] = file_sizes(folder)
    record["bytes"] = _sizes(record["files"])
    (folder / RECORD).write_text(json.dumps(record, indent=2), encoding="utf-8")
    return image
