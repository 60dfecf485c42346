"""The same program in three images, from nothing but itself to a whole Python: how many bytes are
the image, and how long is a start? And once more, written in Python."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from labkit.backends.docker_images import Images
from labkit.image import LabImage
from labkit.images import recipes
from labkit.images.recipes import Flavour
from labkit.images.records import FlavourStart
from labkit.images.sharing import require_ready


def flavours(
    images: Images,
    lab_image: LabImage,
    scratch: Path,
    *,
    trials: int = 10,
    seed: int = 0,
    say: Callable[[str], None] = lambda message: None,
) -> list[FlavourStart]:
    """One start of each in random order, so many times; before that one of each that enters no
    figure, which brings the image's files into memory."""
    chosen = list(recipes.flavours(lab_image))
    order = random.Random(seed)  # noqa: S311  no secret
    rows: list[FlavourStart] = []
    with ExitStack() as stack:
        for recipe in dict.fromkeys(flavour.recipe for flavour in chosen):
            stack.enter_context(images.loaded(recipe.write(scratch), recipe.tag))
        sizes = {
            flavour.recipe.name: sum(one.size_bytes for one in images.layers(flavour.recipe.tag))
            for flavour in chosen
        }
        for trial in range(trials + 1):
            say(f"three images: start {trial} of {trials}")
            order.shuffle(chosen)
            started = [_start(images, one, trial, sizes[one.recipe.name]) for one in chosen]
            rows += started if trial else []
    return rows


def _start(images: Images, flavour: Flavour, trial: int, size: int) -> FlavourStart:
    with images.program(flavour.recipe.tag, flavour.command) as program:
        require_ready(program)
        at = program.timeline.since_requested()
        program.end()
    return FlavourStart(
        trial=trial,
        image=flavour.recipe.name,
        program=flavour.program,
        image_bytes=size,
        files=flavour.recipe.files,
        created_s=at["created"],
        started_s=at["started"],
        ready_s=at["ready"],
    )
