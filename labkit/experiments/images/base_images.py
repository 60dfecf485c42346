"""The same program in three images, from nothing but itself to a whole Python: how many bytes are
the image, and how long is a start? And once more, written in Python."""

from __future__ import annotations

from contextlib import ExitStack

from labkit.experiments.images import recipes
from labkit.experiments.images.docker import Images
from labkit.experiments.images.page_sharing import require_ready
from labkit.experiments.images.recipes import BaseImage
from labkit.experiments.images.records import BaseImageStart
from labkit.experiments.images.setting import Setting


def base_images(given: Setting) -> list[BaseImageStart]:
    """One start of each in random order, so many times; before that one of each that enters no
    figure, which brings the image's files into memory."""
    images, chosen = given.images, list(recipes.base_images(given.lab_image))
    order = given.order()
    rows: list[BaseImageStart] = []
    with ExitStack() as stack:
        for recipe in dict.fromkeys(base_image.recipe for base_image in chosen):
            stack.enter_context(images.loaded(recipe, given.scratch))
        for trial in range(given.trials + 1):
            given.say(f"three images: start {trial} of {given.trials}")
            order.shuffle(chosen)
            started = [_start(images, base_image, trial) for base_image in chosen]
            rows += started if trial else []
    return rows


def _start(images: Images, base_image: BaseImage, trial: int) -> BaseImageStart:
    with images.program(base_image.recipe.tag, base_image.command) as program:
        require_ready(program)
        at = program.timeline.since_requested()
        program.end()
    return BaseImageStart(
        trial=trial,
        image=base_image.recipe.name,
        program=base_image.program,
        image_bytes=sum(layer.size_bytes for layer in base_image.recipe.layers),
        files=base_image.recipe.files,
        created_s=at["created"],
        started_s=at["started"],
        ready_s=at["ready"],
    )
