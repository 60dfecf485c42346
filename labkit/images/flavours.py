"""The same program in three images, from nothing but itself to a whole Python: how many bytes are
the image, and how long is a start? And once more, written in Python."""

from __future__ import annotations

from contextlib import ExitStack

from labkit.backends.docker_images import Images
from labkit.images import recipes
from labkit.images.recipes import Flavour
from labkit.images.records import FlavourStart
from labkit.images.setting import Setting
from labkit.images.sharing import require_ready


def flavours(given: Setting) -> list[FlavourStart]:
    """One start of each in random order, so many times; before that one of each that enters no
    figure, which brings the image's files into memory."""
    images, chosen = given.images, list(recipes.flavours(given.lab_image))
    order = given.order()
    rows: list[FlavourStart] = []
    with ExitStack() as stack:
        for recipe in dict.fromkeys(flavour.recipe for flavour in chosen):
            stack.enter_context(images.loaded(recipe.write(given.scratch), recipe.tag))
        sizes = {
            flavour.recipe.name: sum(one.size_bytes for one in images.layers(flavour.recipe.tag))
            for flavour in chosen
        }
        for trial in range(given.trials + 1):
            given.say(f"three images: start {trial} of {given.trials}")
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
