"""Writing into the cache: what goes wrong there is told in the user's words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labkit.errors import ImageError
from labkit.image import known_files
from labkit.system import owned_files, refusals
from labkit.units import MIB


@contextmanager
def unfinished(folder: Path, needed: int = 0) -> Iterator[Path]:
    """A temporary folder inside `folder`, so that a rename out of it is atomic; gone afterwards.

    `needed` (bytes) goes into the message when the disk is full.
    """
    with explained(folder, needed):
        known_files.make_cache_folder(folder)
        with owned_files.unfinished_folder(folder) as own:
            yield own


@contextmanager
def explained(folder: Path, needed: int) -> Iterator[None]:
    """Turns the system's refusal to write into an ImageError."""
    try:
        yield
    except OSError as error:
        if error.errno in refusals.FULL:
            raise ImageError(
                f"no room left in {folder}",
                details=f"{needed / MIB:.0f} MiB are needed, {_free(folder)} are free",
                resolution="free some room there, or name another folder with LABKIT_CACHE=FOLDER",
            ) from error
        raise ImageError(
            f"the cache folder {folder} cannot be used",
            details=str(error),
            resolution="make it writable, or name another folder with LABKIT_CACHE=FOLDER",
        ) from error


def _free(folder: Path) -> str:
    with suppress(OSError):
        return f"{shutil.disk_usage(folder).free / MIB:.0f} MiB"
    return "an unknown number"
