"""What backends share whose agent is a child process: its pipes are the line to the agent."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from labkit.backends.base import Missing
from labkit.backends.instance import STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.guest.channel import Channel
from labkit.guest.protocol import Session
from labkit.image.architecture import of_this_computer
from labkit.recordings.facts import Limits
from labkit.system.host import cpu_set, on_cpus
from labkit.system.owner_marks import owner
from labkit.system.paths import cache_dir
from labkit.system.process import as_root, condition, end, find_tool, run, spawn, wait_for

_numbers = itertools.count(1)


class PipedInstance(Instance):
    """An agent that reads its requests from the child's standard input. What the child or the
    program that started it wrote to standard error is in `log`."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        log: Path,
        timeline: Timeline,
    ) -> None:
        super().__init__(session_with(process, timeline), timeline)
        self._process = process
        self._log = log

    def meters(self) -> tuple[Meter, ...]:
        """The child with its children."""
        return (Meter("process", "instance", (self._process.pid,)),)

    def _wait_gone(self) -> None:
        if not wait_for(self._process, STOP_TIMEOUT_S):
            raise GuestTimeout("the process did not end")

    def _ended_well(self) -> bool:
        """A program that passes the streams on may lose their last line (ctr: one time in some
        hundred); its exit status is then the agent's own, which is zero only after a goodbye."""
        return wait_for(self._process, STOP_TIMEOUT_S) and self._process.returncode == 0

    def _diagnosis(self) -> str:
        """What the process wrote to its standard error, and whether it still runs."""
        stderr = self._log.read_text(encoding="utf-8", errors="replace")
        return f"{stderr}\n{condition('the process', self._process)}"


def session_with(process: subprocess.Popen[bytes], timeline: Timeline) -> Session:
    """A conversation over a child's standard input and output."""
    assert process.stdin is not None and process.stdout is not None
    channel = Channel(process.stdout.fileno(), process.stdin.fileno())
    return Session(channel, timeline.clock)


@contextmanager
def piped(
    argv: Sequence[str], log: Path, *, env: Mapping[str, str] | None = None, bare: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A child with pipes for its input and output; it is ended with this context."""
    pipe = subprocess.PIPE
    with log.open("wb") as stderr:
        process = spawn(argv, env=env, bare=bare, stdin=pipe, stdout=pipe, stderr=stderr, bufsize=0)
    try:
        yield process
    finally:
        end(process)


@contextmanager
def confined(
    argv: Sequence[str],
    log: Path,
    env: Mapping[str, str],
    limits: Limits,
    timeline: Timeline,
    *,
    limited: bool = True,
    kind: type[PipedInstance] = PipedInstance,
) -> Iterator[PipedInstance]:
    """A child that keeps to its CPUs and, if `limited`, to its memory, without a control group,
    in no environment but ours: it is what is measured. All that was to be prepared is ready now
    (`created`)."""
    timeline.mark("created")
    with ExitStack() as stack:
        with on_cpus(cpu_set(limits.cpus)):
            process = stack.enter_context(piped(argv, log, env=env, bare=True))
        timeline.mark("started")
        if limited:
            limit_address_space(process.pid, limits)
        yield kind(process, log, timeline)


def limit_address_space(pid: int, limits: Limits) -> None:
    """RLIMIT_AS of a process and of all that it will start: setrlimit(2)."""
    with suppress(psutil.NoSuchProcess):  # it ended already: the session will say so
        size = limits.memory_mib * 1024 * 1024
        try:
            psutil.Process(pid).rlimit(psutil.RLIMIT_AS, (size, size))
        except psutil.AccessDenied:  # only a lower one than what holds already is set by anybody
            raise BackendError(
                f"a limit of {limits.memory_mib} MiB cannot be set",
                details="the lab itself is held to less memory than that",
                resolution="raise the limit it was started with (ulimit -v), or name less memory: "
                "--memory-mib NUMBER",
            ) from None


@contextmanager
def plain_path(folder: Path) -> Iterator[Path]:
    """The folder by a path that any configuration takes: of the characters that one leaves out or
    splits at (busybox httpd: blanks, what follows a #; nspawn, podman: a colon) it has none. Where
    the real one has such, by a descriptor of this process, proc(5)."""
    if re.fullmatch(r"[\w/.+-]+", str(folder), re.ASCII):
        yield folder
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    finally:
        os.close(descriptor)


def instance_name() -> str:
    """A name that tells its owner: labkit-MARK-n."""
    return f"labkit-{owner()}-{next(_numbers)}"


def first_line(argv: Sequence[str]) -> str:
    """What a program says of its version."""
    return run(argv).stdout.partition("\n")[0]


def image_refused() -> Missing | None:
    """Why the image's programs cannot run as processes of this computer."""
    if os.uname().sysname != "Linux" or of_this_computer() is None:
        return Missing(
            "the lab image's programs are for Linux on x86-64 and ARM64",
            "on this computer compare docker and qemu",
        )
    with suppress(OSError):  # not there yet
        if os.statvfs(cache_dir()).f_flag & os.ST_NOEXEC:
            return Missing(
                f"programs may not run from the cache ({cache_dir()} is mounted noexec)",
                "name another folder: LABKIT_CACHE=FOLDER",
            )
    return None


def missing_tools(programs: Sequence[str], setup: str) -> Missing | None:
    """Why programs that need root on Linux cannot run here; the set-up that brings them."""
    if (refused := image_refused()) is not None:
        return refused
    absent = [program for program in programs if find_tool(program) is None]
    if absent:
        return Missing(f"{' and '.join(absent)} is not installed", as_root(f"setup {setup}"))
    if os.geteuid() != 0:
        return Missing("this boundary is only made by root", as_root(f"run --backends {setup}"))
    return None
