"""The images of the experiments: layers, a name and an owner → the archive for `docker load`.

Nothing is pulled, and nothing is run to build them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labkit.backends.docker.containers import OWNER_LABEL
from labkit.image.container import ImageLayer, write_archive
from labkit.image.rootfs import Entry
from labkit.recordings import files
from labkit.system.owner_marks import owner


@dataclass(frozen=True)
class Recipe:
    """An image to be made: its layers, the lowest first. The tag names its owner."""

    name: str
    layers: tuple[ImageLayer, ...]

    @property
    def tag(self) -> str:
        return f"labkit/images-{self.name}:{owner()}"

    @property
    def files(self) -> int:
        return sum(layer.files for layer in self.layers)

    def write(self, folder: Path) -> Path:
        """The archive in a folder."""
        target = folder / f"{self.name}.tar"
        with files.writing(target):
            write_archive(self.layers, {OWNER_LABEL: owner()}, self.tag, target)
        return target


def sorted_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """By path, so that a folder comes before what is in it, each path once."""
    return tuple(sorted({entry.path: entry for entry in entries}.values(), key=lambda e: e.path))
