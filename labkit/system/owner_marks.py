"""The owner's mark: which lab a process, a container or a folder belongs to.

Everything that the lab starts carries its owner's mark in the environment (LABKIT_OWNER), so
that whatever outlives a killed lab can be told from anything else on the machine and removed.
What is known of an owner is decided in labkit/system/ownership.py.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.errors import LabError, NoRoom
from labkit.system import refusals
from labkit.system.clock import wait_until

if TYPE_CHECKING:
    import psutil  # slow to import: each command has an owner, few look at other processes

OWNER_VARIABLE = "LABKIT_OWNER"
TEMP_PREFIX = "labkit-"
# What an owner's mark looks like: see `owner`. Without a namespace it is an older lab's.
MARK = re.compile(
    r"(?P<pid>\d{1,10})-(?P<started>\d{1,20})\.(?P<boot>[0-9a-f]{1,16})"
    r"(?:\.(?P<namespace>[0-9a-f]{1,16}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Mark:
    """An owner's mark, read."""

    pid: int
    started: str
    boot: str
    namespace: str | None

    @classmethod
    def read(cls, text: str) -> Mark | None:
        """None for what is no mark: another program's use of the variable or of the prefix."""
        match = MARK.fullmatch(text)
        if match is None:
            return None
        return cls(int(match["pid"]), match["started"], match["boot"], match["namespace"])


@cache
def owner() -> str:
    """This process, as PID-START.BOOT.NAMESPACE: a process id alone is reused by the system. START
    counts from the computer's own start: a date would be another one as soon as somebody sets the
    clock. BOOT says which start that was, and NAMESPACE whose count both numbers are of: the same
    process has other numbers inside a container than on its host."""
    return owner_mark(os.getpid())


def owner_mark(pid: int) -> str:
    """The mark of the process with this id, which runs."""
    return f"{pid}-{started(pid)}.{place()}"


@cache
def place() -> str:
    """BOOT.NAMESPACE of this process: boot_id (random(4)), and the namespaces that process ids and
    start times are counted in (pid_namespaces(7), time_namespaces(7)). Other systems have neither,
    and a START that is a date: there, the computer's network address stands for BOOT."""
    if sys.platform != "linux":
        return f"{_digest(hex(uuid.getnode()), 4)}.0"
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8")[:8]
        counted = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return "0"  # as an older lab's: nobody knows where its process is to be looked for
    with suppress(OSError):  # before Linux 5.6 there is one time for all
        counted += str(Path("/proc/self/ns/time").readlink())
    return f"{boot}.{_digest(counted, 3)}"


@cache
def sees_processes() -> bool:
    """Whether /proc shows the process ids that this process's signals go to. It shows those of the
    namespace that it was mounted in, and NSpid has a number for each one from there to ours."""
    if sys.platform != "linux":
        return True
    with suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        pids = re.search(r"^NSpid:\t(.+)$", status, re.MULTILINE)
        return pids is not None and pids[1] == str(os.getpid())
    return False


def started(pid: int) -> str | None:
    """When a process began, by fields 3 and 22 of /proc/PID/stat (proc(5)); None for one that has
    ended, waited for or not. On other systems by its date, which is all there is. Raises
    PermissionError where it runs, but is hidden from us (hidepid, proc(5))."""
    if sys.platform != "linux":
        return _date_of(pid)
    # Where /proc is another namespace's, our number would be another process's there.
    name = "self" if pid == os.getpid() else pid
    try:
        fields = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        with suppress(ProcessLookupError, OverflowError):
            os.kill(pid, 0)
            raise PermissionError(f"/proc/{pid}/stat") from None
        return None
    return None if fields[0] in (b"Z", b"X") else str(int(fields[19]))


def mark_in(name: str, prefix: str = TEMP_PREFIX) -> str:
    """The owner's mark in a name such as labkit-MARK-n; empty when there is none."""
    mark = re.match(rf"{re.escape(prefix)}({MARK.pattern})-", name, re.ASCII)
    return mark[1] if mark else ""


def mark_of(process: psutil.Process) -> str | None:
    """The owner's mark in a process's environment, where we may read it, and where the process's
    number is one that a signal of ours would go to."""
    import psutil

    try:
        return process.environ().get(OWNER_VARIABLE) if sees_processes() else None
    except (psutil.Error, OSError):
        return None


def runs(process: psutil.Process) -> bool:
    """Whether a process still does anything: one that has ended stays in the system's list until
    its parent has waited for it, and some never do."""
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def wait_gone(processes: Iterable[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Waits for the end of all; those that still run after so many seconds. psutil's own
    wait_procs fails where a process ends while it is looked at: pidfd_open(2) then answers EINVAL,
    which psutil 7.2 does not expect."""
    left = list(processes)
    wait_until(lambda: not any(map(runs, left)), timeout=timeout)
    return [process for process in left if runs(process)]


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder that names its owner and is gone afterwards. What fails while there is no
    room in it is told as that: programs have many words for it, and some have none."""
    with tempfile.TemporaryDirectory(
        prefix=f"{TEMP_PREFIX}{owner()}-", ignore_cleanup_errors=True
    ) as name:
        try:
            yield Path(name)
        except Exception as error:
            if refusals.is_full(Path(name)) and not isinstance(error, NoRoom):
                raise NoRoom(
                    f"no room is left for temporary files in {tempfile.gettempdir()}",
                    details=error.brief if isinstance(error, LabError) else str(error),
                    resolution=refusals.TEMPORARY,
                ) from error
            raise


def _date_of(pid: int) -> str | None:
    import psutil

    try:
        return str(int(psutil.Process(pid).create_time()))
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        raise PermissionError(str(pid)) from None


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
