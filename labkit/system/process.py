"""The one door to other programs and to time limits.

Whatever is started here carries its owner's mark in the environment: see ownership.py.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from labkit.errors import CommandError, LabError
from labkit.system import refusals
from labkit.system.clock import wait_until
from labkit.system.owner_marks import OWNER_VARIABLE, owner, wait_gone
from labkit.system.paths import typed
from labkit.system.signals import uninterrupted

if TYPE_CHECKING:
    import psutil

# A serial line that is emulated doubles a character now and then.
PANIC = re.compile("K+e+r+n+e+l+ +p+a+n+i+c+")


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


# What the set-up does with Debian's packages is done by hand on a system that has none.
_BY_HAND = {
    "setup docker": "install Docker Desktop (https://docs.docker.com/desktop) and start it",
    "setup docker-cli": "install Docker Desktop (https://docs.docker.com/desktop)",
    "setup qemu": "install it: brew install qemu, or https://www.qemu.org/download",
    "setup virtualbox": "install it from https://www.virtualbox.org/wiki/Downloads",
}


def as_root(words: str, **environment: str) -> str:
    """The command that runs `labkit WORDS` as root: with its full path, since root's own search
    path does not lead into this environment, and with these variables, which sudo would leave
    out. On a system that is no Linux, what else to do."""
    if sys.platform != "linux" and words in _BY_HAND:
        return _BY_HAND[words]
    before = ["env", *(f"{name}={shlex.quote(value)}" for name, value in environment.items())]
    command = f"{typed(Path(sys.executable).with_name('labkit'))} {words}"
    return with_root(" ".join([*before, command]) if environment else command)


def with_root(*commands: str) -> str:
    """How this user runs commands as root: by sudo where that is, else by su: with root's own
    search path (`-`), since Debian's su keeps a user's, which lacks /usr/sbin."""
    if os.geteuid() == 0:
        return " && ".join(commands)
    if find_tool("sudo"):
        return " && ".join(f"sudo {command}" for command in commands)
    return f"su - -c {shlex.quote(' && '.join(commands))}"


def run(
    argv: Sequence[str],
    *,
    timeout: float = 60,
    check: bool = True,
    marked: bool = True,
    bare: bool = False,
) -> Completed:
    """Runs a program to its end. Raises CommandError when it is missing, takes longer than
    `timeout` seconds, or (with check) exits with a status other than 0. What it starts is the
    lab's, too, unless it is not `marked`; `bare` is that of `spawn`."""
    process = _started(
        argv,
        _kill,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env=_environment(None if marked else {OWNER_VARIABLE: ""}, bare=bare),
    )
    with process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException as error:
            process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                words = f"{argv[0]} was stopped after {timeout:g} s"
                raise CommandError(words, details=shlex.join(argv)) from None
            raise
    result = Completed(tuple(argv), process.returncode, out, err)
    if check and result.returncode != 0:
        raise CommandError(
            f"{argv[0]} failed with exit status {result.returncode}",
            details=f"{shlex.join(argv)}\n{last_lines(result.stderr or result.stdout)}",
        )
    return result


def spawn(
    argv: Sequence[str],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    bare: bool = False,
    **streams: Any,
) -> subprocess.Popen[bytes]:
    """Starts a program in a session of its own: a Ctrl-C at the terminal reaches the lab, which
    ends its children in order, and not the children behind its back. `log` takes both outputs.
    `bare`: the user's environment (proxies, settings of libraries) is none of its."""
    if log is not None:
        with log.open("ab") as handle:
            return spawn(
                argv, env=env, bare=bare, stdout=handle, stderr=subprocess.STDOUT, **streams
            )
    streams.setdefault("stdin", subprocess.DEVNULL)
    environment = _environment(env, bare=bare)
    return _started(argv, end, start_new_session=True, env=environment, **streams)


def _kill(process: subprocess.Popen[Any]) -> None:
    with process:  # waits for its end, and closes its streams
        process.kill()


def _started(
    argv: Sequence[str], end_it: Callable[[subprocess.Popen[Any]], None], **how: Any
) -> subprocess.Popen[Any]:
    """A signal that comes while a program is started is held back until it has: in the midst of
    that, Popen would have made a process that nobody knows of."""
    process = None
    try:
        with uninterrupted():
            # Not by the search path that it is given.
            program = find_tool(argv[0]) or argv[0]
            process = subprocess.Popen(list(argv), executable=program, **how)
    except OSError as error:
        raise _not_started(argv[0], error) from error
    except BaseException:
        if process is not None:
            end_it(process)
        raise
    return process


def _not_started(program: str, error: OSError) -> LabError:
    if isinstance(error, FileNotFoundError):
        return CommandError(
            f"the program {program} is not there",
            resolution="install it by your system's own means, or with labkit setup",
        )
    return refusals.in_words(error)


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
    children = _children(process)
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
    # Those that have left the group end with their parent (bwrap's do), a moment after it.
    wait_gone(children, timeout=1.0)
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
        encoding="utf-8",
        check=True,
        timeout=10,
        env=env,
    )
    return int(started.stdout)


def last_lines(text: str, count: int = 12) -> str:
    """The end of a program's output, for an error message. Before it, the line in which a kernel
    says why it dies: a list of its calls follows, which may be longer than such an end."""
    lines = text.strip().splitlines()
    dying = [line for line in lines[:-count] if PANIC.search(line)]
    return "\n".join([*dying[-1:], *lines[-count:]])


def _children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    import psutil

    if process.poll() is None:  # else the number may be another's by now
        with suppress(psutil.Error, OSError):  # it has ended, or processes are hidden from us
            return psutil.Process(process.pid).children(recursive=True)
    return []


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _environment(extra: Mapping[str, str] | None = None, *, bare: bool = False) -> dict[str, str]:
    inherited = {"PATH": "/bin"} if bare else os.environ
    # LC_ALL: programs' messages are parsed and shown, so they stay in one language.
    return {**inherited, "LC_ALL": "C.UTF-8", OWNER_VARIABLE: owner(), **(extra or {})}
