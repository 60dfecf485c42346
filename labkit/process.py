"""The one door to other programs, to the clock and to time limits.

Everything that the lab starts carries its owner's mark in the environment (LABKIT_OWNER), so
that whatever outlives a killed lab can be told from anything else on the machine and removed.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import psutil

from labkit.errors import CommandError

OWNER_VARIABLE = "LABKIT_OWNER"
TEMP_PREFIX = "labkit-"
# What an owner's mark looks like: see `owner`.
MARK = re.compile(r"\d+-\d+\.[0-9a-f]+")


class Clock(Protocol):
    """Seconds on a clock that never goes back; tests bring their own."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class HostClock:
    """The host's monotonic clock (clock_gettime(2), CLOCK_MONOTONIC)."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class Completed:
    """A program that ended: its exit status and what it printed."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


class Runner(Protocol):
    """What `run` looks like to those that take it as a parameter."""

    def __call__(
        self, argv: Sequence[str], *, timeout: float = ..., check: bool = ...
    ) -> Completed: ...


def find_tool(name: str) -> str | None:
    """The full path of a program, or None. Looks in the system's folders too: a user's PATH
    often lacks /usr/sbin, where dockerd lives."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
    return shutil.which(name, path=path)


def as_root(words: str) -> str:
    """The command that runs `labkit WORDS` as root: with its full path, since root's own search
    path does not lead into this environment."""
    return f"sudo {Path(sys.executable).with_name('labkit')} {words}"


def run(argv: Sequence[str], *, timeout: float = 60, check: bool = True) -> Completed:
    """Runs a program to its end. Raises CommandError when it is missing, takes longer than
    `timeout` seconds, or (with check) exits with a status other than 0."""
    try:
        done = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env=_environment(),
        )
    except FileNotFoundError:
        raise CommandError(
            f"the program {argv[0]} is not there",
            resolution="labkit doctor names the command that installs it",
        ) from None
    except subprocess.TimeoutExpired:
        raise CommandError(
            f"{argv[0]} was stopped after {timeout:g} s",
            details=" ".join(argv),
        ) from None
    result = Completed(tuple(argv), done.returncode, done.stdout, done.stderr)
    if check and result.returncode != 0:
        raise CommandError(
            f"{argv[0]} failed with exit status {result.returncode}",
            details=f"{' '.join(argv)}\n{last_lines(result.stderr or result.stdout)}",
        )
    return result


def spawn(
    argv: Sequence[str],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    **streams: Any,
) -> subprocess.Popen[bytes]:
    """Starts a program in a session of its own: a Ctrl-C at the terminal reaches the lab, which
    ends its children in order, and not the children behind its back. `log` takes both outputs."""
    if log is not None:
        with log.open("ab") as handle:
            return spawn(argv, env=env, stdout=handle, stderr=subprocess.STDOUT, **streams)
    streams.setdefault("stdin", subprocess.DEVNULL)
    try:
        return subprocess.Popen(
            list(argv), start_new_session=True, env=_environment(env), **streams
        )
    except FileNotFoundError:
        raise CommandError(
            f"the program {argv[0]} is not there",
            resolution="labkit doctor names the command that installs it",
        ) from None


def wait_for(process: subprocess.Popen[bytes], timeout: float) -> bool:
    """Waits for a program's end; False when it took longer. At once when it ends: Popen.wait with
    a time limit looks again after pauses of up to 50 ms, which would be in every figure."""
    try:
        fd = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # no Linux, an old one, or it has been waited for
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout)
        return process.returncode is not None
    try:
        select.select([fd], [], [], timeout)
    finally:
        os.close(fd)
    return process.poll() is not None


def end(process: subprocess.Popen[bytes], *, grace: float = 3.0) -> None:
    """Ends a program and what it started: asks, waits `grace` seconds, then insists."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            break
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)
    # The leader may be gone while its children still hold the group; a kill takes a moment.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
        wait_until(lambda: not _group_exists(process.pid), timeout=1.0, interval=0.005)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()


def condition(what: str, process: subprocess.Popen[bytes]) -> str:
    """Whether a program still runs, or how it ended, in words."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(0.2)  # a stream may end a moment before its process does
    status = process.returncode
    if status is None:
        return f"{what} still runs"
    if status < 0:
        return f"{what} was ended by signal {-status} ({signal.strsignal(-status)})"
    return f"{what} has ended with exit status {status}"


def spawn_detached(argv: Sequence[str], *, log: Path) -> int:
    """Starts a program that outlives this one and belongs to nobody: its process id. It carries
    no owner's mark, and its output goes to `log`."""
    script = 'exec 3>&1; log=$1; shift; setsid "$@" </dev/null >>"$log" 2>&1 3>&- & echo $! >&3'
    env = _environment({OWNER_VARIABLE: ""})
    started = subprocess.run(
        ["sh", "-c", script, "sh", str(log), *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=10,
        env=env,
    )
    return int(started.stdout)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds a signal back until the end of this context, for a request that another program
    fulfils whether or not we wait for its answer. Outside the main thread it does nothing, since
    Python handles signals in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {n: signal.signal(n, lambda number, frame: caught.append(number)) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        if caught:
            signal.raise_signal(caught[0])


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder that names its owner and is gone afterwards."""
    with tempfile.TemporaryDirectory(
        prefix=f"{TEMP_PREFIX}{owner()}-", ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


@cache
def owner() -> str:
    """This process, as PID-START.BOOT: a process id alone is reused by the system. START counts
    from the computer's own start, and BOOT says which start that was: a date would be another
    one as soon as somebody sets the clock."""
    return owner_mark(os.getpid())


def owner_mark(pid: int) -> str:
    """The mark of the process with this id, which runs."""
    return f"{pid}-{_started(pid)}"


def mark_in(name: str) -> str:
    """The owner's mark in a name such as labkit-PID-TICKS.BOOT-n; empty when there is none."""
    found = re.match(rf"{TEMP_PREFIX}({MARK.pattern})-", name)
    return found[1] if found else ""


def owner_lives(mark: str) -> bool:
    """Whether the process that set this mark still runs."""
    pid, _, started = mark.partition("-")
    try:
        return _started(int(pid)) == started
    except (psutil.Error, ValueError, OverflowError):
        return False


def mark_of(process: psutil.Process) -> str | None:
    """The owner's mark in a process's environment, where we may read it."""
    try:
        return process.environ().get(OWNER_VARIABLE)
    except (psutil.Error, OSError):
        return None


def runs(process: psutil.Process) -> bool:
    """Whether a process still does anything: one that has ended stays in the system's list until
    its parent has waited for it, and some never do."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def wait_until(
    true: Callable[[], bool], *, timeout: float, interval: float = 0.05, clock: Clock | None = None
) -> bool:
    """Polls until `true()`; False when `timeout` seconds went by without it."""
    clock = clock or HostClock()
    deadline = clock.now() + timeout
    while not true():
        if clock.now() >= deadline:
            return False
        clock.sleep(interval)
    return True


def last_lines(text: str, count: int = 12) -> str:
    """The end of a program's output, for an error message."""
    return "\n".join(text.strip().splitlines()[-count:])


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _started(pid: int) -> str | None:
    """When a process began, by fields 3 and 22 of /proc/PID/stat (proc(5)) and boot_id
    (random(4)); None for one that has ended and was not waited for. Where there is no such file,
    by its date, which is all there is."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return f"{int(psutil.Process(pid).create_time())}.0"
    return None if fields[0] in (b"Z", b"X") else f"{int(fields[19])}.{boot}"


def _environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    # LC_ALL: programs' messages are parsed and shown, so they stay in one language.
    return {**os.environ, "LC_ALL": "C.UTF-8", OWNER_VARIABLE: owner(), **(extra or {})}
