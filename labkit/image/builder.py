"""Builds the lab image into the cache, or finds the one that is there already.

<cache>/debs/       pins.json (which packages; pins-arm64.json) and the packages' files
<cache>/images/     a folder for each image, named by its digest; it appears by one rename
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from labkit.image import debs
from labkit.image.architecture import AMD64, Architecture, of_this_computer
from labkit.image.damaged import cannot_replace, make_way
from labkit.image.download import Unreachable
from labkit.image.in_use import remove_old
from labkit.image.inputs import Inputs, read_contents
from labkit.image.kernel import read_kernel
from labkit.image.lab_image import RECORD, LabImage, load
from labkit.image.packaging import needed_bytes, write_image
from labkit.image.room import unfinished
from labkit.image.rootfs import read_guest
from labkit.system import owned_files
from labkit.system.paths import cache_dir


def build(
    *,
    kernel: Path | None = None,
    refresh: bool = False,
    progress: bool = True,
    architecture: Architecture | None = None,
) -> LabImage:
    """The lab image for these inputs; does nothing when it is there. Raises ImageError.

    `kernel` is a kernel file of the user's own. `refresh` looks for newer packages. `progress`
    shows bars for downloads. Without an `architecture` it is for this computer.
    """
    architecture = architecture or _here()
    own_kernel = read_kernel(kernel, architecture) if kernel else None
    pins_file = _debs() / debs.pins_name(architecture)
    for folder in (_debs(), _images()):
        owned_files.sweep(folder)
    pins = None if refresh else debs.load_pins(pins_file)
    if pins is not None:
        with suppress(Unreachable):  # a mirror drops a package once it has a newer version
            return _build(Inputs(pins, read_guest(), own_kernel), progress)
    try:
        pins = debs.look_up(_debs(), architecture, progress=progress)
    except Unreachable:
        image = None if refresh else _built_before(architecture, own_kernel)
        if image is None:
            raise
        return image
    debs.save_pins(pins, pins_file)
    return _build(Inputs(pins, read_guest(), own_kernel), progress)


def find(*, kernel: Path | None = None) -> LabImage | None:
    """The image that was built for these inputs, or None. Never builds, needs no network."""
    own_kernel = read_kernel(kernel, _here()) if kernel else None
    pins = debs.load_pins(_debs() / debs.pins_name(_here()))
    if pins is None:
        return _built_before(_here(), own_kernel)
    inputs = Inputs(pins, read_guest(), own_kernel)
    return load(_folder(inputs), inputs.digest)


def _built_before(architecture: Architecture, own_kernel: bytes | None) -> LabImage | None:
    """An image that is there, of the same guest and command line: without the pins, its own record
    says of which packages it was made."""
    guest = read_guest()
    for file in sorted(_images().glob(f"*/{RECORD}")):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            record = json.loads(file.read_text(encoding="utf-8"))
            inputs = Inputs.of_record(record, architecture, guest, own_kernel)
            if image := load(_folder(inputs), inputs.digest):
                return image
    return None


def _build(inputs: Inputs, progress: bool) -> LabImage:
    image = load(_folder(inputs), inputs.digest)
    if image:
        return image
    contents = read_contents(inputs, _debs(), progress=progress)
    with unfinished(_images(), needed_bytes(contents)) as temporary:
        write_image(inputs, contents, temporary / "image")
        built = _put_in_place(temporary / "image", inputs)
        remove_old(_images(), temporary)
        return built


def _put_in_place(built: Path, inputs: Inputs) -> LabImage:
    """By one rename. What lies there already is damaged and makes way, or it is as good as ours:
    another build was faster."""
    target = _folder(inputs)
    for _ in range(2):
        with suppress(OSError):
            owned_files.settle(built, target)
        image = load(target, inputs.digest)
        if image:
            return image
        make_way(target, built.with_name("damaged"))
    raise cannot_replace(target, "a program may have it open")


def _folder(inputs: Inputs) -> Path:
    return _images() / inputs.digest[:12]


def _images() -> Path:
    return cache_dir() / "images"


def _debs() -> Path:
    return cache_dir() / "debs"


def _here() -> Architecture:
    """Where the lab has no image for the processor, there is nothing to run, but to read."""
    return of_this_computer() or AMD64
