"""The whole set-up in order, and its undoing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from labkit import apps, image
from labkit.backends.base import MEND, Backend
from labkit.backends.distribution.container import remove_from_daemon
from labkit.backends.docker import store
from labkit.backends.table import BACKENDS, DEFAULT, expand, make_backend
from labkit.errors import BackendError
from labkit.image import distribution, known_files
from labkit.measure import cleanup
from labkit.setup.docker import stop_daemon
from labkit.setup.table import set_up_backend
from labkit.setup.virtualbox import remove_virtualbox
from labkit.system.ownership import Kept, kept_lines
from labkit.system.paths import cache_dir
from labkit.system.process import as_root

TOLD = 10  # paths that are named one by one


def set_up(names: Sequence[str] | None, say: Callable[[str], None]) -> list[str]:
    """Sets up these backends or groups, or all of a run; returns those that are ready then.

    Raises LabError when a named one cannot be set up; without names, says so and goes on.
    """
    wanted = expand(names or DEFAULT)
    chosen = {name: make_backend(name) for name in wanted}
    able = []
    for name in wanted:
        with _told(say, name, strict=bool(names)):
            set_up_backend(name, say)
            able.append(name)
    built = image.build()
    ready = []
    for name in able:
        backend = chosen[name]
        with _told(say, name, strict=bool(names)):
            _require(name, backend)
            backend.prepare(built)
            # The first question about an engine may boot a machine: here, not in a run.
            say(f"{name}: ready, engine {backend.engine(built)}")
            ready.append(name)
    return ready


def _require(name: str, backend: Backend) -> None:
    """BackendError where it cannot run after all. What mends it is not the set-up once more."""
    if (found := backend.problem()) is not None:
        again = found.fix == as_root(f"setup {name.partition(':')[0]}")
        fix = MEND if again else found.fix
        raise BackendError(f"{name} cannot run here", details=found.reason, resolution=fix)


@contextmanager
def _told(say: Callable[[str], None], name: str, *, strict: bool) -> Iterator[None]:
    """An error of one backend does not keep the others from being set up, unless it is strict."""
    try:
        yield
    except Exception as error:
        if strict:
            raise
        say(f"{name} is not set up: {error}")


def clean_up(*, daemon: bool = False, virtualbox: bool = False, cache: bool = False) -> list[str]:
    """Removes orphans, and on demand our daemon, the private VirtualBox and the whole cache;
    names what was removed, and what stays since nothing is known of its owner."""
    unknown: list[Kept] = []
    left = cleanup.sweep(map(make_backend, BACKENDS), keep=unknown.append)
    of_apps, running = apps.tidy(unknown.append)
    removed = [f"removed {what}" for what in [*left, *of_apps]]
    removed += [f"kept the app {what}: labkit paas stop ends it" for what in running]
    if cache:
        removed += [f"removed the image {tag}" for tag in store.remove_built()]
    if daemon and (stopped := stop_daemon(unknown.append)):
        removed.append(f"ended {stopped}")
    if virtualbox and (folder := remove_virtualbox()):
        removed.append(f"removed {folder}")
    if cache and cache_dir().exists():
        installed = distribution.find()
        removed += _clean_cache()
        removed += [f"removed the image {tag}" for tag in remove_from_daemon(installed)]
    return removed + kept_lines(unknown)


def _clean_cache() -> list[str]:
    """What was removed, and what was kept: the cache may be a folder with anything else in it."""
    stays = known_files.remove_cache()
    told = [f"kept {path}: it is not the lab's, or in use" for path in stays[:TOLD]]
    more = [f"kept {len(stays) - TOLD} more"] if len(stays) > TOLD else []
    what = "what the lab has put into" if cache_dir().exists() else ""
    return [" ".join(filter(None, ("removed", what, str(cache_dir())))), *told, *more]
