"""Builds the lab image into the cache, or finds the one that is there already.

<cache>/debs/       pins.json (which packages; pins-arm64.json), programs-….json for each choice of
                    Debian's programs, the packages' files, and builds.json (see builds.py)
<cache>/images/     a folder for each image, named by its digest; it appears by one rename
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from labkit.image import builds, debs, program_pins
from labkit.image.architecture import AMD64, Architecture, of_this_computer
from labkit.image.closure import package_names
from labkit.image.damaged import cannot_replace, make_way
from labkit.image.debs import Pins
from labkit.image.download import Unreachable
from labkit.image.in_use import remove_old
from labkit.image.inputs import Inputs, read_contents
from labkit.image.kernel import read_kernel
from labkit.image.lab_image import RECORD, LabImage, load
from labkit.image.packaging import needed_bytes, write_image
from labkit.image.room import unfinished
from labkit.image.rootfs import read_guest
from labkit.system import owned_files, plain_files
from labkit.system.clock import HostClock
from labkit.system.paths import cache_dir


def build(
    *,
    kernel: Path | None = None,
    packages: Sequence[str] = (),
    refresh: bool = False,
    progress: bool = True,
    architecture: Architecture | None = None,
) -> LabImage:
    """The lab image for these inputs; does nothing when it is there. Raises ImageError.

    `kernel` is a kernel file of the user's own. `packages` are Debian's, whose programs are in it
    with all that they depend on. `refresh` looks for newer packages. `progress` shows bars for
    downloads. Without an `architecture` it is for this computer.
    """
    names = package_names(packages)
    architecture = architecture or _here()
    own_kernel = read_kernel(kernel, architecture) if kernel else None
    for folder in (_debs(), _images()):
        owned_files.sweep(folder)
    known = None if refresh else _known(names, architecture, own_kernel)
    if known is not None:
        with suppress(Unreachable):  # a mirror drops a package once it has a newer version
            return _build(known, progress)
    kept = None if refresh or known else debs.load_pins(_debs() / debs.pins_name(architecture))
    try:
        inputs = _looked_up(names, architecture, own_kernel, kept, progress)
    except Unreachable:
        image = None if refresh else _built_before(names, architecture, own_kernel)
        if image is None:
            raise
        return image
    return _build(inputs, progress)


def find(*, kernel: Path | None = None, packages: Sequence[str] = ()) -> LabImage | None:
    """The image that was built for these inputs, or None. Never builds, needs no network."""
    names = package_names(packages)
    own_kernel = read_kernel(kernel, _here()) if kernel else None
    inputs = _known(names, _here(), own_kernel)
    if inputs is None:
        return _built_before(names, _here(), own_kernel)
    return load(_folder(inputs), inputs.digest)


def _known(
    names: Sequence[str], architecture: Architecture, own_kernel: bytes | None
) -> Inputs | None:
    """The inputs as they were looked up before."""
    pins = debs.load_pins(_debs() / debs.pins_name(architecture))
    file = _debs() / program_pins.pins_name(names, architecture)
    programs = program_pins.load(names, file) if names else None
    if pins is None or (names and programs is None):
        return None
    return Inputs(pins, read_guest(), own_kernel, programs)


def _looked_up(
    names: Sequence[str],
    architecture: Architecture,
    own_kernel: bytes | None,
    kept: Pins | None,
    progress: bool,
) -> Inputs:
    """The inputs as the mirrors have them now, but for what is `kept`: another choice of programs
    does not change the kernel."""
    suites = debs.open_suites(_debs(), architecture, progress=progress)
    pins = kept or debs.look_up(suites, architecture)
    programs = program_pins.look_up(names, suites) if names else None
    if kept is None:
        debs.save_pins(pins, _debs() / debs.pins_name(architecture))
    if programs is not None:
        debs.save_pins(programs, _debs() / program_pins.pins_name(names, architecture))
    return Inputs(pins, read_guest(), own_kernel, programs)


def _built_before(
    names: Sequence[str], architecture: Architecture, own_kernel: bytes | None
) -> LabImage | None:
    """An image that is there, of the same guest and command line: without the pins, its own record
    says of which packages it was made."""
    guest = read_guest()
    for file in sorted(_images().glob(f"*/{RECORD}")):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            record = plain_files.read_json(file)
            inputs = Inputs.of_record(record, architecture, guest, own_kernel)
            image = load(_folder(inputs), inputs.digest)
            if image and image.packages == tuple(names):
                return image
    return None


def _build(inputs: Inputs, progress: bool) -> LabImage:
    image = load(_folder(inputs), inputs.digest)
    if image:
        return image
    began = HostClock().now()
    contents = read_contents(inputs, _debs(), progress=progress)
    with unfinished(_images(), needed_bytes(contents)) as temporary:
        write_image(inputs, contents, temporary / "image", progress=progress)
        built = _put_in_place(temporary / "image", inputs)
        remove_old(_images(), temporary)
        builds.note(HostClock().now() - began)
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
