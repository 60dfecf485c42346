"""A damaged image makes way for a new one, unless there is something else in its folder."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from labkit.errors import ImageError
from labkit.image.known_files import IMAGE, strangers
from labkit.system import owned_files


def make_way(image: Path, aside: Path) -> None:
    """Moves it into a folder that is gone soon. ImageError where that is not ours to do."""
    if not os.path.lexists(image):
        return
    with suppress(OSError):
        if others := strangers(image, IMAGE):
            raise cannot_replace(image, f"what the lab has not put there: {others[0]}")
        owned_files.settle(image, aside)


def cannot_replace(image: Path, why: str) -> ImageError:
    return ImageError(
        f"the damaged image in {image} cannot be replaced",
        details=why,
        resolution="end what uses it, move that folder away, then: labkit image build",
    )
