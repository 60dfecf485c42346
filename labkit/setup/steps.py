"""The whole set-up in order, and its undoing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from labkit import image, orphans, paas
from labkit.backends import BACKENDS, DEFAULT, expand, make_backend
from labkit.errors import LabError
from labkit.paths import cache_dir
from labkit.setup import SETUPS
from labkit.setup.docker import stop_daemon
from labkit.setup.virtualbox import remove_virtualbox


def set_up(names: Sequence[str] | None, say: Callable[[str], None]) -> list[str]:
    """Sets up these backends or groups, or all of a run; returns those that are ready then.

    Raises LabError when a named one cannot be set up; without names, says so and goes on.
    """
    wanted = expand(names or DEFAULT)
    chosen = {name: make_backend(name) for name in wanted}
    for name in wanted:
        with _told(say, name, strict=bool(names)):
            if (base := name.partition(":")[0]) in SETUPS:
                SETUPS[base](say)
    built = image.build()
    ready = []
    for name, backend in chosen.items():
        with _told(say, name, strict=bool(names)):
            if backend.missing() is None:
                backend.prepare(built)
                # The first question about an engine may boot a machine: here, not in a run.
                say(f"{name}: ready, engine {backend.engine(built)}")
                ready.append(name)
    return ready


@contextmanager
def _told(say: Callable[[str], None], name: str, *, strict: bool) -> Iterator[None]:
    """An error of one backend does not keep the others from being set up, unless it is strict."""
    try:
        yield
    except LabError as error:
        if strict:
            raise
        say(f"{name} is not set up: {error}")


def clean_up(*, daemon: bool = False, virtualbox: bool = False, cache: bool = False) -> list[str]:
    """Removes orphans, and on demand our daemon, the private VirtualBox and the whole cache;
    names what was removed."""
    removed = [f"removed {what}" for what in orphans.sweep(make_backend(name) for name in BACKENDS)]
    left, kept = paas.tidy()
    removed += [f"removed {what}" for what in left]
    removed += [f"kept the app {what}: labkit paas stop ends it" for what in kept]
    if daemon and (stopped := stop_daemon()):
        removed.append(f"ended {stopped}")
    if virtualbox and (folder := remove_virtualbox()):
        removed.append(f"removed {folder}")
    if cache and cache_dir().exists():
        shutil.rmtree(cache_dir())
        removed.append(f"removed {cache_dir()}")
    return removed
