"""What the system refuses (room, a right, a further process), in the lab's words."""

from __future__ import annotations

import errno
import os
import resource
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import overload

from labkit.errors import LabError
from labkit.system.paths import cache_dir, runs_dir, state_dir

TEMPORARY = "free some room there, or name another folder: TMPDIR=FOLDER"
ROOM = (
    "free some room there, or name another folder: TMPDIR=FOLDER for what is temporary, "
    "LABKIT_CACHE=FOLDER for images, --out for a recording"
)
_LITTLE = 1 << 20  # bytes
FULL = (errno.ENOSPC, errno.EDQUOT)
_FILES = (errno.EMFILE, errno.ENFILE)
# What no single file is to blame for.
OF_THE_COMPUTER = (*FULL, *_FILES, errno.ENOMEM, errno.EAGAIN)


@overload
def in_words(error: OSError) -> LabError: ...


@overload
def in_words(error: BaseException) -> LabError | None: ...


def in_words(error: BaseException) -> LabError | None:
    """What the system refused; None for an error that is not the system's."""
    # What a library's file is mapped into (mmap(2)) counts as memory, too.
    if isinstance(error, MemoryError) or "failed to map segment" in str(error):
        return _limit("no more memory for the lab itself", resource.RLIMIT_AS, "-v", error)
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return _limit("no further thread can be started", resource.RLIMIT_NPROC, "-u", error)
    return _of_call(error) if isinstance(error, OSError) else None


def _of_call(error: OSError) -> LabError:
    place = error.filename
    if isinstance(place, bytes):
        place = place.decode(errors="replace")
    why = error.strerror or str(error)
    if error.errno in FULL:
        where = place or " and ".join(_full_places()) or "a place that the lab writes to"
        return LabError(f"no room left in {where}", details=why, resolution=ROOM)
    if isinstance(error, FileNotFoundError) and "temporary directory" in why:
        return LabError("no temporary folder can be written", details=why, resolution=TEMPORARY)
    if error.errno in _FILES:
        return _limit("no further file can be opened", resource.RLIMIT_NOFILE, "-n", error)
    if error.errno == errno.EAGAIN:
        return _limit("no further process can be started", resource.RLIMIT_NPROC, "-u", error)
    if error.errno == errno.ENOMEM:
        return _limit("no more memory for the lab itself", resource.RLIMIT_AS, "-v", error)
    return LabError(
        f"{place} cannot be used" if place else "the system refuses what the lab asks for",
        details=why,
        resolution="mend that, or name another place: TMPDIR=FOLDER for what is temporary, "
        "LABKIT_CACHE=FOLDER for images, LABKIT_STATE=FOLDER, --out for what is written",
    )


def _full_places() -> list[str]:
    """Where there is next to no room: what is written to a file does not say which one it was."""
    with suppress(OSError):
        places = [Path(tempfile.gettempdir()), cache_dir(), state_dir(), runs_dir()]
        return [str(place) for place in places if is_full(place)]
    return []


def is_full(place: Path) -> bool:
    """Whether a place that is there takes next to nothing more: no bytes, or no files."""
    with suppress(OSError):
        filesystem = os.statvfs(place)
        no_files = filesystem.f_files > 0 and filesystem.f_favail == 0
        return filesystem.f_bavail * filesystem.f_frsize < _LITTLE or no_files
    return False


def _limit(brief: str, kind: int, flag: str, error: BaseException) -> LabError:
    """A limit of ulimit(1), whose value the user may not know."""
    soft, _ = resource.getrlimit(kind)
    held = "no limit of this shell's" if soft == resource.RLIM_INFINITY else f"limit {soft}"
    return LabError(
        brief,
        details=f"{error or type(error).__name__} (ulimit {flag}: {held})",
        resolution=f"raise it (ulimit {flag} NUMBER), or end other programs; then once more",
    )
