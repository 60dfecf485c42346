"""Files that are made of a recording for its readers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit.errors import UsageError
from labkit.recordings import files
from labkit.recordings.journal import JOURNAL
from labkit.recordings.reader import ENDING, MANIFEST


@contextmanager
def exporting(target: Path) -> Iterator[None]:
    """Such a file is written inside this context. Raises StoreError where the system refuses, and
    UsageError where it would take the place of what was measured."""
    with files.writing(target):
        real = target.resolve()
        in_recording = (real.parent / MANIFEST).exists() and real.is_file()
    if in_recording and (real.suffix == ".csv" or real.name in (MANIFEST, ENDING, JOURNAL)):
        raise UsageError(
            f"{target} is a part of a recording",
            details="what was measured is never written over",
            resolution="name another file",
        )
    with files.writing(target):
        yield
