"""Copy-on-write: what the first byte costs that is written to a file of the image.

overlayfs opens such a file for reading where it lies. The first opening for writing copies the
whole file up into the container's own layer and waits until it is on the disk (copy-up, in
Documentation/filesystems/overlayfs.rst and fs/overlayfs/copy_up.c); the second one writes to that
copy. On a volume, and in memory, there is nothing to copy; nor is there with a storage driver that
copies the whole image when a container is created (vfs).

A shell in the container appends one byte by its own `printf`, without starting anything, and
answers with a line; the time between the two is taken outside, by the host's clock.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from labkit.experiments.images.archive import Recipe
from labkit.experiments.images.docker import TMPFS, VOLUME, Images, Program
from labkit.experiments.images.recipes import base_layer, file
from labkit.experiments.images.records import CopyUpWrite, Place
from labkit.experiments.images.setting import Setting
from labkit.image.container import ImageLayer
from labkit.image.rootfs import folder
from labkit.units import MIB

SIZES_MIB = (1, 8, 64)
WHERE: dict[Place, str] = {"image": "/data", "volume": VOLUME, "tmpfs": TMPFS}
COPY = "/bin/busybox cp /data/* {0}/ && /bin/busybox sync && echo done || echo failed"
APPEND = "printf x >>{0} && echo done || echo failed"


def copy_up(given: Setting) -> list[CopyUpWrite]:
    """A new container each time, as a file is copied up once in a container's life; the order of
    the places and sizes is drawn anew in each."""
    recipe = Recipe("files", (base_layer(given.lab_image), files_layer(given.seed)))
    order = given.order()
    rows: list[CopyUpWrite] = []
    with given.images.loaded(recipe, given.scratch):
        for trial in range(1, given.trials + 1):
            given.say(f"first write: container {trial} of {given.trials}")
            rows += _container(given.images, recipe.tag, trial, order)
    return rows


def files_layer(seed: int) -> ImageLayer:
    """Files of several sizes, of noise: a file of zeros would have nothing to be copied."""
    noise = random.Random(seed)  # noqa: S311
    entries = [file(f"data/{size}", noise.randbytes(size * MIB)) for size in SIZES_MIB]
    return ImageLayer("files", (folder("data"), *entries))


def _container(images: Images, tag: str, trial: int, order: random.Random) -> Iterator[CopyUpWrite]:
    pairs = [(place, size) for place in WHERE for size in SIZES_MIB]
    order.shuffle(pairs)
    # Memory for the files in memory, and for as many pages of those that are copied.
    room = 4 * sum(SIZES_MIB)
    with images.program(tag, ("/bin/busybox", "sh"), memory_mib=room, tmpfs=f"{room}m") as shell:
        for where in (VOLUME, TMPFS):
            shell.ask(COPY.format(where), "done")
        for place, size in pairs:
            for write in (1, 2):
                yield _append(shell, trial, place, size, write)


def _append(shell: Program, trial: int, place: Place, size: int, write: int) -> CopyUpWrite:
    # The layer of the container is looked at outside of what is timed.
    layer, upper = shell.layer_bytes(), shell.upper_bytes()
    seconds = shell.ask(APPEND.format(f"{WHERE[place]}/{size}"), "done")
    return CopyUpWrite(
        trial=trial,
        place=place,
        file_bytes=size * MIB,
        write=write,
        seconds=seconds,
        layer_before_bytes=layer,
        layer_after_bytes=shell.layer_bytes(),
        upper_before_bytes=upper,
        upper_after_bytes=shell.upper_bytes(),
    )
