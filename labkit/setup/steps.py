"""The whole set-up in order, and its undoing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from labkit import image, orphans
from labkit.backends import BACKENDS, make_backend
from labkit.errors import LabError
from labkit.paths import cache_dir
from labkit.setup import SETUPS
from labkit.setup.docker import stop_daemon


def set_up(names: Sequence[str] | None, say: Callable[[str], None]) -> list[str]:
    """Sets up these backends, or all; returns those that are ready afterwards.

    Raises LabError when a named one cannot be set up; without names, says so and goes on.
    """
    wanted = list(names or BACKENDS)
    chosen = {name: make_backend(name) for name in wanted}
    for name in wanted:
        try:
            if name in SETUPS:
                SETUPS[name](say)
        except LabError as error:
            if names:
                raise
            say(f"{name} is not set up: {error}")
    built = image.build()
    ready = [name for name in wanted if chosen[name].missing() is None]
    for name in ready:
        chosen[name].prepare(built)
        # The first question about an engine may boot a machine: here, and not before a run.
        say(f"{name}: ready, engine {chosen[name].engine(built)}")
    return ready


def clean_up(*, daemon: bool = False, cache: bool = False) -> list[str]:
    """Removes orphans, and on demand our daemon and the cache; names what was removed."""
    removed = [f"removed {what}" for what in orphans.sweep(make_backend(name) for name in BACKENDS)]
    if daemon and (stopped := stop_daemon()):
        removed.append(f"ended {stopped}")
    if cache and cache_dir().exists():
        shutil.rmtree(cache_dir())
        removed.append(f"removed {cache_dir()}")
    return removed
