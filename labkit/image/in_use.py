"""Which built images are in use, and which are old: every edit of a workload makes another image.

A lab that has found an image holds a shared lock on its record (flock(2)) until it ends, however
that comes. So no image goes that a lab of this computer may start from.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path

from labkit.errors import ImageError
from labkit.image.damaged import make_way

_RECORD = "image.json"
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # no waiting, should a named pipe lie there
KEPT = 3  # images, by their last use: one goes back and forth between two states of a workload
_DIGEST = re.compile(r"[0-9a-f]{12}")
_held: dict[tuple[int, int], int] = {}


def hold(record: Path) -> None:
    """From now on this image is in use, and is the one that was used last; if it is there."""
    with suppress(OSError):
        descriptor = os.open(record, _FLAGS)
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) in _held:
            os.close(descriptor)
            return
        _held[status.st_dev, status.st_ino] = descriptor
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.utime(descriptor)


def remove_old(images: Path, aside: Path) -> list[Path]:
    """Moves old images that are not in use into a folder that is gone soon, and returns them."""
    folders = [path for path in images.iterdir() if _DIGEST.fullmatch(path.name)]
    dated = [(_used(path), path) for path in folders if _used(path)]
    return [path for _, path in sorted(dated, reverse=True)[KEPT:] if _removed(path, aside)]


def _used(image: Path) -> float:
    with suppress(OSError):
        return (image / _RECORD).stat().st_mtime
    return 0.0


def _removed(image: Path, aside: Path) -> bool:
    """Whether it is gone; with it, what was made of it for guests with a network."""
    with suppress(OSError, ImageError):
        descriptor = os.open(image / _RECORD, _FLAGS)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for path in (image, *image.parent.glob(f"{image.name}-network-*")):
                make_way(path, aside / path.name)
        finally:
            os.close(descriptor)
    return not image.exists()
