"""Files that are made of a recording for its readers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labkit.errors import UsageError
from labkit.recordings import files, journal
from labkit.recordings.journal import JOURNAL
from labkit.recordings.reader import ENDING, MANIFEST
from labkit.system import plain_files


@contextmanager
def exporting(target: Path) -> Iterator[None]:
    """Such a file is written inside this context. Raises StoreError where the system refuses, and
    UsageError where it would take the place of what was measured."""
    real = Path(os.path.realpath(target))  # of a link that leads to itself, too
    if real.name in _parts(real.parent):
        raise UsageError(
            f"{target} is a part of a recording",
            details="what was measured is never written over",
            resolution="name another file",
        )
    with files.writing(target):
        yield


def _parts(folder: Path) -> set[str]:
    """The names of what a recording in this folder consists of; none where there is none."""
    if not any((folder / name).exists() for name in (ENDING, JOURNAL)):
        return set()
    names = {MANIFEST, ENDING, JOURNAL}
    with suppress(OSError, ValueError, KeyError, TypeError):
        names |= set(plain_files.read_json(folder / ENDING)["digests"])
    with suppress(OSError, ValueError):
        names |= set(journal.last(folder).extents)
    return names
