"""The lab image for guests with a network card: the same one, and the drivers beside it.

A second archive behind the first one in the initramfs (a kernel unpacks one after the other), a
boot medium with it, and a command line that begins with /lab/network. The lab image itself stays
as it is: a guest without a network neither loads nor carries the drivers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from labkit.errors import ImageError
from labkit.image import debs, rootfs
from labkit.image.cmdline import command_line
from labkit.image.damaged import cannot_replace, make_way
from labkit.image.debs import Pins
from labkit.image.initramfs import write_cpio
from labkit.image.inputs import read_boot_loader
from labkit.image.iso import write_iso
from labkit.image.lab_image import RECORD, LabImage, file_sizes
from labkit.image.modules import PATTERNS, module_entries
from labkit.image.room import unfinished
from labkit.image.rootfs import GUEST_FOLDER, Entry, program
from labkit.system import owned_files, plain_files
from labkit.system.paths import cache_dir

VERSION = 1  # raise it when the same lab image gets other bits


def networked(image: LabImage, *, progress: bool = True) -> LabImage:
    """The image whose guests have a network card; does nothing when it is there."""
    key = hashlib.sha256(b"%d %b" % (VERSION, _script().data)).hexdigest()
    folder = image.folder.with_name(f"{image.folder.name}-network-{key[:8]}")
    with_network = _in_folder(image, folder)
    if not _is_whole(folder):
        room = sum(path.stat().st_size for path in (image.iso, image.initramfs) if path)
        with unfinished(folder.parent, room) as temporary:
            _write(_in_folder(image, temporary / "image"), image, progress=progress)
            with suppress(OSError):  # another build was faster, or what is there is damaged
                owned_files.settle(temporary / "image", folder)
            _replace_damaged(temporary / "image", folder)
    return with_network


def append_entries(initramfs: Path, entries: Iterable[Entry], target: Path) -> None:
    """An initramfs with more in it; what has the same path replaces what was there."""
    first = initramfs.read_bytes()
    with target.open("wb") as file:
        file.write(first + b"\0" * (-len(first) % 512))
        write_cpio(entries, file)


def _in_folder(image: LabImage, folder: Path) -> LabImage:
    return replace(
        image,
        initramfs=folder / "initramfs.cpio",
        iso=image.iso and folder / image.iso.name,
        command_line=command_line(1, network=True, architecture=image.architecture),
    )


def _write(target: LabImage, image: LabImage, *, progress: bool) -> None:
    folder = target.initramfs.parent
    folder.mkdir(mode=0o755)
    packages = cache_dir() / "debs"
    pins = debs.load_pins(packages / debs.pins_name(image.architecture))
    if pins is None:
        raise ImageError(
            "it is not known which packages the lab image was made of",
            resolution="build it anew: labkit image build --refresh",
        )
    # An image whose root lies on a disk has no such folder in its archive.
    lab = [rootfs.folder("lab")] if image.packages else []
    entries = [*lab, *_drivers(image, pins, progress=progress), _script()]
    append_entries(image.initramfs, entries, target.initramfs)
    boot_loader = read_boot_loader(pins, packages, progress=progress)
    if target.iso and boot_loader:
        write_iso(
            target.iso,
            kernel=image.kernel,
            initramfs=target.initramfs,
            boot_loader=boot_loader,
            command_line=target.command_line,
        )
    (folder / RECORD).write_text(json.dumps({"files": file_sizes(folder)}), encoding="utf-8")


def _script() -> Entry:
    """The guest's first process; a checkout on Windows may have changed its line ends."""
    content = (GUEST_FOLDER / "network").read_bytes().replace(b"\r\n", b"\n")
    return program("lab/network", content)


def _drivers(image: LabImage, pins: Pins, *, progress: bool) -> list[Entry]:
    """None for a kernel of the user's own: it has its drivers built in, or no network."""
    if image.describe()["own_kernel_sha256"] is not None:
        return []
    deb = debs.fetch(pins.packages[pins.kernel], cache_dir() / "debs", progress=progress)
    return module_entries(debs.read_members(deb, PATTERNS))


def _is_whole(folder: Path) -> bool:
    try:
        record = plain_files.read_json(folder / RECORD)
        return bool(record["files"] == file_sizes(folder))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _replace_damaged(built: Path, folder: Path) -> None:
    if _is_whole(folder):
        return
    make_way(folder, built.with_name("damaged"))
    with suppress(OSError):
        owned_files.settle(built, folder)
    if not _is_whole(folder):
        raise cannot_replace(folder, "a program may have it open")
