"""What lies in the store: the layers of four images, their sizes, and which are the same one.

A layer is told by the digest of its content, so that images with the same layer below have it
once: OCI Image Specification, "Image Layer Filesystem Changeset" and "DiffID".
"""

from __future__ import annotations

from contextlib import ExitStack

from labkit.experiments.images import recipes
from labkit.experiments.images.archive import Recipe
from labkit.experiments.images.docker import Images
from labkit.experiments.images.records import Layer
from labkit.experiments.images.setting import Setting


def layers(given: Setting) -> list[Layer]:
    """Loads the images together, and asks the daemon and the disk about each layer."""
    made = [
        make(given.lab_image)
        for make in (recipes.scratch, recipes.busybox, recipes.python, recipes.other_app)
    ]
    with ExitStack() as stack:
        for recipe in made:
            stack.enter_context(given.images.loaded(recipe, given.scratch))
        return [row for recipe in made for row in _rows(given.images, recipe)]


def _rows(images: Images, recipe: Recipe) -> list[Layer]:
    stored = images.layers(recipe.tag)
    return [
        Layer(
            image=recipe.name,
            layer=number,
            title=layer.title,
            digest=in_store.digest,
            files=layer.files,
            size_bytes=layer.size_bytes,
            disk_bytes=in_store.disk_bytes,
        )
        for number, (layer, in_store) in enumerate(zip(recipe.layers, stored, strict=True), 1)
    ]
