"""A registry of machines of the lab's own, with the services that serve it.

One for each lab process: its machines share one VBoxSVC, as a user's machines do. It begins with
the first machine and ends with the last, and a user's own registry is never touched.
"""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from labkit.backends.virtualbox import leftovers
from labkit.backends.virtualbox.manage import MAKE_ROOM
from labkit.errors import BackendError
from labkit.system import owned_files
from labkit.system.owner_marks import TEMP_PREFIX, mark_of, owner, wait_gone

SERVICES = ("VBoxSVC", "VBoxXPCOMIPCD")
HEADLESS = "VBoxHeadless"
MACHINES = ("VirtualBoxVM", HEADLESS)
GRACE_S = 3.0

_lock = threading.Lock()
_users = 0
# In a folder that others write to, too, no name that they could foresee and take.
_unforeseen = secrets.token_hex(3)


def home_folder() -> Path:
    """The folder of this lab process; its name says whose it is (see labkit.measure.cleanup)."""
    name = f"{TEMP_PREFIX}{owner()}-{_unforeseen}{leftovers.HOME_SUFFIX}"
    return Path(tempfile.gettempdir()) / name


@contextmanager
def registry() -> Iterator[Path]:
    """The home folder, for as long as anybody uses it. BackendError when it cannot be made."""
    global _users
    home = home_folder()
    with _lock:
        if not _users:
            with room_needed(home):
                home.mkdir(mode=0o700)
        _users += 1
    try:
        yield home
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _end_services()
                leftovers.remove(home)
                owned_files.try_remove_tree(home)


def services() -> dict[str, list[int]]:
    """The shared services of this lab process that run now: name → process ids."""
    found: dict[str, list[int]] = {}
    for process in _ours(SERVICES):
        found.setdefault(process.info["name"], []).append(process.pid)
    return found


def renew_services() -> None:
    """After a machine's program has not ended well: VBoxSVC may hold on to that machine for ever,
    and then not even end itself. A new one, which starts by itself, reads from the files that the
    machine was aborted. While another machine runs, or is made, it is left alone."""
    if _users <= 1 and not _ours(MACHINES):
        _end_services()


def _ours(names: Sequence[str]) -> list[psutil.Process]:
    """The processes with these names that this lab process has started, one way or another."""
    running = psutil.process_iter(["name"])
    return [p for p in running if p.info["name"] in names and mark_of(p) == owner()]


@contextmanager
def room_needed(folder: Path) -> Iterator[None]:
    """Tells in the user's words why a folder cannot be written."""
    try:
        yield
    except OSError as error:
        raise BackendError(
            f"the machine's files cannot be written to {folder.parent}",
            details=str(error),
            resolution=MAKE_ROOM,
        ) from error


def _end_services() -> None:
    left = _ours(SERVICES)
    for process in left:
        with suppress(psutil.Error):
            process.terminate()
    alive = wait_gone(left, timeout=GRACE_S)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    wait_gone(alive, timeout=GRACE_S)
