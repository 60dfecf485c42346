"""Which backends are taken where nobody names any."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from labkit import image
from labkit.backends.base import Backend
from labkit.backends.table import DEFAULT, make_backend
from labkit.errors import LabError
from labkit.recordings.words import SLOW_ENGINES


def available(names: Iterable[str] = DEFAULT) -> tuple[str, ...]:
    """The backends of these names that can run here."""
    return tuple(name for name in names if make_backend(name).problem() is None)


def quick() -> tuple[str, ...]:
    """The backends that can run here, start from nothing, and are not interpreted."""
    return tuple(name for name in available() if _is_quick(make_backend(name)))


def interprets(name: str) -> bool:
    """Whether this backend, which can run here, interprets each instruction of a machine."""
    with suppress(LabError):  # why it does not tell now, the session says
        return make_backend(name).engine(image.find()) in SLOW_ENGINES
    return False


def _is_quick(backend: Backend) -> bool:
    return backend.start == "cold" and not interprets(backend.name)
