"""Live or recorded: what the environment variable LAB_MODE says, and what follows from it.

`live` measures and fails where it cannot, `recorded` never starts anything, `auto` (the default)
measures where something can run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal, TypeVar

from labkit.errors import LabError, UsageError

Mode = Literal["auto", "live", "recorded"]
Source = Literal["live", "recorded"]
MODES: dict[str, Mode] = {"auto": "auto", "live": "live", "recorded": "recorded"}
T = TypeVar("T")


def mode() -> Mode:
    """What LAB_MODE says. Raises UsageError for a word that it does not know."""
    word = os.environ.get("LAB_MODE", "auto")
    if word not in MODES:
        raise UsageError(
            f"LAB_MODE is {word!r}, which is no mode", resolution=f"use one of: {', '.join(MODES)}"
        )
    return MODES[word]


def fresh_or_recorded(recorded: T, make: Callable[[], tuple[T, str]]) -> tuple[T, Source, str]:
    """What `make` gives, with its words, where LAB_MODE allows to start something; otherwise
    `recorded`, with the reason. In mode `live` an error is raised as it is; in mode `auto` it
    becomes the reason, unless what was asked for makes no sense."""
    chosen = mode()
    if chosen == "recorded":
        return recorded, "recorded", "Nothing was started: LAB_MODE is recorded."
    try:
        made, words = make()
    except UsageError:  # what was asked for makes no sense: no recording is the answer to it
        raise
    except LabError as error:
        if chosen == "live":
            raise
        return recorded, "recorded", f"It could not be measured here: {error}"
    return made, "live", words
