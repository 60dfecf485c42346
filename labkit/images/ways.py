"""The ways from an image at rest to one in its place: a container's into Docker's store, of which
no layer is there before, a machine's files into an empty folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from labkit.backends import Backend, make_backend
from labkit.backends.docker_images import Images
from labkit.errors import UsageError
from labkit.image import LabImage
from labkit.image.container import ImageLayer
from labkit.image.rootfs import folder
from labkit.images.archive import Recipe, sorted_entries
from labkit.images.python_root import python_entries
from labkit.images.recipes import base_layer, file
from labkit.process import scratch_folder
from labkit.records import Engine

# Which files are a machine's image: `labkit/backends` starts it from these.
MACHINE_FILES: Mapping[str, tuple[str, ...]] = {
    "qemu": ("kernel", "initramfs"),
    "virtualbox": ("iso",),
}
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


def check_machines(names: Sequence[str]) -> None:
    """UsageError for what is no machine that boots from an image."""
    for name in names:
        if name not in MACHINE_FILES:
            raise UsageError(
                f"{name} is no machine that boots from an image",
                details=f"there are: {', '.join(MACHINE_FILES)}",
            )


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
        yield Way(name, docker, "native", (archive,), "load the image", store)
    finally:
        images.forget(recipe.tag)
        archive.unlink(missing_ok=True)


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
