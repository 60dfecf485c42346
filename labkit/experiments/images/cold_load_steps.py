"""The ways from an image at rest to one in its place: a container's into Docker's store, of which
no layer is there before, a machine's files into an empty folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from labkit.backends.base import Backend
from labkit.backends.table import make_backend
from labkit.experiments.images.archive import Recipe, sorted_entries
from labkit.experiments.images.docker import Images
from labkit.experiments.images.planning import MACHINE_FILES
from labkit.experiments.images.python_root import python_entries
from labkit.experiments.images.recipes import base_layer, file
from labkit.image import LabImage
from labkit.image.container import ImageLayer
from labkit.image.rootfs import folder
from labkit.recordings.words import Engine
from labkit.system import owned_files
from labkit.system.owner_marks import scratch_folder

Store = Callable[[], LabImage]


@dataclass(frozen=True)
class Way:
    """An image at rest (its files), and what puts it into an empty store."""

    name: str
    backend: Backend
    engine: Engine
    files: tuple[Path, ...]
    title: str
    store: Store


@contextmanager
def container(
    name: str, images: Images, scratch: Path, lab_image: LabImage, recipe: Recipe
) -> Iterator[Way]:
    archive = recipe.write(scratch)

    def store() -> LabImage:
        images.load(archive)
        return replace(lab_image, container_tag=recipe.tag)

    docker = make_backend("docker")
    try:
        yield Way(name, docker, docker.engine(lab_image), (archive,), "load the image", store)
    finally:
        images.forget(recipe.tag)
        owned_files.discard(archive)


@contextmanager
def machine(backend: Backend, lab_image: LabImage) -> Iterator[Way]:
    names = MACHINE_FILES[backend.name]
    files = tuple(getattr(lab_image, name) for name in names)
    engine = backend.engine(lab_image)
    with scratch_folder() as target:

        def store() -> LabImage:
            copies = {name: _copied(file, target) for name, file in zip(names, files, strict=True)}
            return replace(lab_image, **copies)  # type: ignore[arg-type]

        yield Way(f"{backend.name} machine", backend, engine, files, "copy the image", store)


def _copied(file: Path, folder: Path) -> Path:
    """Copied and on the disk: Docker too answers when it has written the layer."""
    target = folder / file.name
    shutil.copyfile(file, target)
    with target.open("rb") as copy:
        os.fsync(copy.fileno())
    return target


def _small(lab_image: LabImage, trial: int) -> Recipe:
    """The lab image, with a mark that makes its layer another one than any in the store."""
    return Recipe("lab-image", (_marked(lab_image, trial),))


def _with_python(lab_image: LabImage, trial: int) -> Recipe:
    """The same with this computer's Python in it."""
    python = ImageLayer("python", python_entries())
    return Recipe("lab-image-python", (_marked(lab_image, trial, "python"), python))


# What a container is made of: the name of the way → its image.
CONTAINERS: Mapping[str, Callable[[LabImage, int], Recipe]] = {
    "container": _small,
    "container with Python": _with_python,
}


def _marked(lab_image: LabImage, trial: int, kind: str = "small") -> ImageLayer:
    mark = file("lab/mark", f"{kind} {trial} {os.urandom(8).hex()}".encode())
    entries = (*base_layer(lab_image).entries, folder("lab"), mark)
    return ImageLayer("lab root", sorted_entries(entries))
