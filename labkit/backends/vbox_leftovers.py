"""What VirtualBox's programs keep outside of the home folder, even when they are killed.

The folder of VBoxSVC's socket, the lock and the socket of a virtual display (all in /tmp where
VirtualBox is installed; in the home folder where it runs in the private root), and the folder in
the private root that the home folder was mounted upon.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from labkit.backends.vbox_installation import private_root
from labkit.process import TEMP_PREFIX

TMP = Path("/tmp")  # noqa: S108  where these programs keep it, whatever TMPDIR says
HOME_SUFFIX = "-vbox"
# In a machine's folder: the number and the process of its display, for when nobody else is left.
DISPLAY_NOTE = "display"

_SOCKET_PREFIX, _SOCKET_SUFFIX = ".vbox-", "-ipc"


def sweep(abandoned: Callable[[str], bool]) -> list[str]:
    """Removes what belongs to the home folders of abandoned labs, and names it."""
    removed = []
    for home in _homes():
        mark = home.name.removeprefix(TEMP_PREFIX).removesuffix(HOME_SUFFIX)
        if abandoned(mark):
            removed += remove(home)
    return removed


def remove(home: Path) -> list[str]:
    """Removes what belongs to this home folder and lies elsewhere; its programs have ended."""
    removed = []
    sockets = TMP / f"{_SOCKET_PREFIX}{home.name}{_SOCKET_SUFFIX}"
    if sockets.is_dir() and not sockets.is_symlink():
        shutil.rmtree(sockets, ignore_errors=True)
        removed.append(f"folder {sockets}")
    for note in home.glob(f"*/{DISPLAY_NOTE}"):
        removed += remove_display(note)
    with suppress(OSError):  # it is not there, or not empty
        os.removedirs(private_root() / home.relative_to("/"))
    return removed


def remove_display(note: Path) -> list[str]:
    """Removes what a killed display has left, see Xserver(1), FILES. Only if its lock names the
    process of our note: a number is soon used by others."""
    with suppress(OSError, ValueError):
        number, pid = note.read_text().split()
        lock = TMP / f".X{int(number)}-lock"
        if int(lock.read_text()) == int(pid):
            lock.unlink()
            (TMP / ".X11-unix" / f"X{int(number)}").unlink(missing_ok=True)
            return [f"file {lock}"]
    return []


def _homes() -> set[Path]:
    """The home folders that are there, and those of which only the sockets are left."""
    temporary = Path(tempfile.gettempdir())
    pattern = f"{TEMP_PREFIX}*{HOME_SUFFIX}"
    names = (
        folder.name.removeprefix(_SOCKET_PREFIX).removesuffix(_SOCKET_SUFFIX)
        for folder in TMP.glob(f"{_SOCKET_PREFIX}{pattern}{_SOCKET_SUFFIX}")
    )
    return {*temporary.glob(pattern), *(temporary / name for name in names)}
