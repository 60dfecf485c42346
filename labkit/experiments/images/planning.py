"""What can be chosen of the parts, which are made, and how often each is repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from labkit.errors import UsageError
from labkit.experiments.images.records import ImagesPlan
from labkit.experiments.options import Help, Names, Options


@dataclass(frozen=True)
class ImagesOptions(Options):
    """Without any choice, all parts on this computer's Docker."""

    parts: Annotated[Names | None, Help("Which, with commas between; all if not given.")] = None
    repeats: Annotated[int | None, Help("How often; 1, 5 or 10 by the part if not given.")] = None
    machines: Annotated[
        Names | None,
        Help("Virtual machines for cold_load: qemu, virtualbox or both; qemu if not given."),
    ] = None
    seed: Annotated[int, Help("For the order of what is measured.")] = 0
    storage_driver: Annotated[
        str | None,
        Help(
            "With a Docker daemon of the lab's own that keeps layers so, such as vfs; needs "
            "root. Else this computer's daemon, as it is."
        ),
    ] = None


# Part → how often it is repeated unless told otherwise. What is no matter of chance is looked at
# once, whatever is told.
USUAL = {
    "layers": 1,
    "page_sharing": 1,
    "copy_up": 10,
    "cold_load": 5,
    "base_images": 10,
    "drift": 1,
}
# Which files are a machine's image: `labkit/backends` starts it from these.
MACHINE_FILES: Mapping[str, tuple[str, ...]] = {
    "qemu": ("kernel", "initramfs"),
    "virtualbox": ("iso",),
}
MACHINES = ("qemu",)


def make_plan(options: ImagesOptions) -> ImagesPlan:
    """UsageError for an unknown part or machine, and where nothing would be measured."""
    parts = tuple(USUAL) if options.parts is None else tuple(options.parts)
    machines = MACHINES if options.machines is None else tuple(options.machines)
    _require_known("part", parts, USUAL)
    _require_known("machine that boots from an image", machines, MACHINE_FILES)
    repeats = options.repeats
    if not parts or (repeats is not None and repeats < 1):
        raise UsageError("nothing would be measured", resolution="use one part, 1 repeat")
    trials = {
        name: usual if repeats is None or usual == 1 else repeats
        for name, usual in USUAL.items()
        if name in parts
    }
    return ImagesPlan(
        trials=trials, machines=machines, seed=options.seed, storage_driver=options.storage_driver
    )


def _require_known(what: str, names: Sequence[str], known: Mapping[str, object]) -> None:
    for name in names:
        if name not in known:
            raise UsageError(
                f"{name} is no {what}", resolution=f"use one of these: {', '.join(known)}"
            )
