"""What VirtualBox's programs keep outside of the home folder, even when they are killed.

The folder of VBoxSVC's socket, the lock and the socket of a virtual display (all in /tmp where
VirtualBox is installed; in the home folder where it runs in the private root), and the folder in
the private root that the home folder was mounted upon.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from labkit.backends.virtualbox.installation import private_root
from labkit.system import owned_files
from labkit.system.owner_marks import TEMP_PREFIX, mark_in
from labkit.system.ownership import Judge

TMP = Path("/tmp")  # noqa: S108  where these programs keep it, whatever TMPDIR says
HOME_SUFFIX = "-vbox"
# In a machine's folder: the number and the process of its display, for when nobody else is left.
DISPLAY_NOTE = "display"

_SOCKET_PREFIX, _SOCKET_SUFFIX = ".vbox-", "-ipc"


def sweep(judge: Judge) -> list[str]:
    """Removes what belongs to the home folders of labs that the judge takes, and names it."""
    removed = []
    for home in _homes():
        if home.exists() and not owned_files.is_mine(home):
            continue  # the notes in it would be somebody else's
        folder = sockets if (sockets := _sockets(home)).is_dir() else home
        if judge.takes(mark_in(home.name), f"folder {folder}", ["rm", "-r", folder]):
            removed += remove(home)
    for place in owned_files.listed(_mount_point(Path(tempfile.gettempdir())), f"{TEMP_PREFIX}*"):
        if judge.takes(mark_in(place.name), f"folder {place}", ["rmdir", place]):
            owned_files.discard_empty(place)
    return removed


def discard_mount_point(home: Path) -> None:
    """Removes the folder in the private root that this one was mounted upon."""
    owned_files.discard_empty(_mount_point(home))


def _mount_point(folder: Path) -> Path:
    return private_root() / folder.relative_to("/")


def remove(home: Path) -> list[str]:
    """Removes what belongs to this home folder and lies elsewhere; its programs have ended."""
    removed = []
    sockets = _sockets(home)
    if owned_files.is_mine(sockets) and owned_files.try_remove_tree(sockets):
        removed.append(f"folder {sockets}")
    for note in home.glob(f"*/{DISPLAY_NOTE}"):
        removed += remove_display(note)
    discard_mount_point(home)
    return removed


def remove_display(note: Path) -> list[str]:
    """Removes what a killed display has left, see Xserver(1), FILES. Only if its lock names the
    process of our note: a number is soon used by others."""
    with suppress(OSError, ValueError):
        number, pid = note.read_text(encoding="utf-8").split()
        lock = TMP / f".X{int(number)}-lock"
        if int(lock.read_text(encoding="utf-8")) == int(pid):
            owned_files.discard(lock)
            owned_files.discard(TMP / ".X11-unix" / f"X{int(number)}")
            return [f"file {lock}"]
    return []


def _sockets(home: Path) -> Path:
    return TMP / f"{_SOCKET_PREFIX}{home.name}{_SOCKET_SUFFIX}"


def _homes() -> set[Path]:
    """The home folders that are there, and those of which only the sockets are left."""
    temporary = Path(tempfile.gettempdir())
    pattern = f"{TEMP_PREFIX}*{HOME_SUFFIX}"
    names = (
        folder.name.removeprefix(_SOCKET_PREFIX).removesuffix(_SOCKET_SUFFIX)
        for folder in TMP.glob(f"{_SOCKET_PREFIX}{pattern}{_SOCKET_SUFFIX}")
    )
    return {*temporary.glob(pattern), *(temporary / name for name in names)}
