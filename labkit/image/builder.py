"""Builds the lab image into the cache, or finds the one that is there already.

<cache>/debs/       pins.json (which packages) and the packages' files
<cache>/images/     a folder for each image, named by its digest; it appears by one rename
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from labkit.errors import ImageError
from labkit.image import debs
from labkit.image.download import Unreachable
from labkit.image.inputs import Inputs, read_contents
from labkit.image.kernel import read_kernel
from labkit.image.lab_image import LabImage, load
from labkit.image.packaging import needed_bytes, write_image
from labkit.image.room import sweep, unfinished
from labkit.image.rootfs import read_guest
from labkit.paths import cache_dir


def build(*, kernel: Path | None = None, refresh: bool = False, progress: bool = True) -> LabImage:
    """The lab image for these inputs; does nothing when it is there. Raises ImageError.

    `kernel` is a kernel file of the user's own. `refresh` looks for newer packages. `progress`
    shows bars for downloads.
    """
    own_kernel = read_kernel(kernel) if kernel else None
    for folder in (_debs(), _images()):
        sweep(folder)
    pins = None if refresh else debs.load_pins(_pins_file())
    if pins is not None:
        with suppress(Unreachable):  # a mirror drops a package once it has a newer version
            return _build(Inputs(pins, read_guest(), own_kernel), progress)
    pins = debs.look_up(_debs(), progress=progress)
    debs.save_pins(pins, _pins_file())
    return _build(Inputs(pins, read_guest(), own_kernel), progress)


def find(*, kernel: Path | None = None) -> LabImage | None:
    """The image that was built for these inputs, or None. Never builds, needs no network."""
    pins = debs.load_pins(_pins_file())
    if pins is None:
        return None
    inputs = Inputs(pins, read_guest(), read_kernel(kernel) if kernel else None)
    return load(_folder(inputs), inputs.digest)


def _build(inputs: Inputs, progress: bool) -> LabImage:
    found = load(_folder(inputs), inputs.digest)
    if found:
        return found
    contents = read_contents(inputs, _debs(), progress=progress)
    with unfinished(_images(), needed_bytes(contents)) as temporary:
        write_image(inputs, contents, temporary / "image")
        return _put_in_place(temporary / "image", inputs)


def _put_in_place(built: Path, inputs: Inputs) -> LabImage:
    """One rename. What lies there already is damaged and makes way, or it is as good as ours:
    another build was faster."""
    target = _folder(inputs)
    for _ in range(2):
        with suppress(OSError):
            built.rename(target)
        image = load(target, inputs.digest)
        if image:
            return image
        with suppress(OSError):
            target.rename(built.with_name("damaged"))
    raise ImageError(
        f"the damaged image in {target} cannot be replaced",
        details="a program may have it open",
        resolution="end what uses it, remove that folder, then: labkit image build",
    )


def _folder(inputs: Inputs) -> Path:
    return _images() / inputs.digest[:12]


def _images() -> Path:
    return cache_dir() / "images"


def _debs() -> Path:
    return cache_dir() / "debs"


def _pins_file() -> Path:
    return _debs() / "pins.json"
