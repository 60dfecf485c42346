"""Backend `host`: the lab image's static busybox as a plain child process, the baseline.

No boundary at all: the host's kernel, its process list, its file system. CPU and memory are
limited by the means that need no root: the CPU affinity (sched_setaffinity(2)) and the size of
the address space (RLIMIT_AS of setrlimit(2), which counts reserved memory, not used memory).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

import psutil

from labkit.backends.base import STOP_TIMEOUT_S, Backend, Instance, Meter, Missing
from labkit.channel import Channel
from labkit.errors import GuestTimeout
from labkit.host import cpu_set
from labkit.image import LabImage
from labkit.ports import LOOPBACK, reserved_port
from labkit.process import end, scratch_folder, spawn
from labkit.protocol import Session
from labkit.records import Engine, Limits
from labkit.timeline import Timeline


class HostInstance(Instance):
    def __init__(
        self,
        process: subprocess.Popen[bytes],
        log: Path,
        session: Session,
        timeline: Timeline,
    ) -> None:
        super().__init__(session, timeline)
        self._process = process
        self._log = log

    def meters(self) -> tuple[Meter, ...]:
        return (Meter("process", "instance", (self._process.pid,)),)

    def _wait_gone(self) -> None:
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise GuestTimeout("the process did not end") from None

    def _diagnosis(self) -> str:
        return self._log.read_text(errors="replace")


class HostBackend(Backend):
    name = "host"
    family = "baseline"
    about_s = 0.2
    publishes = True
    cannot: ClassVar[Mapping[str, str]] = {
        "resumed start": "a plain process has no saved state to start from"
    }

    def missing(self) -> Missing | None:
        if os.uname().sysname != "Linux" or os.uname().machine != "x86_64":
            return Missing(
                "the lab image's programs are for Linux on x86-64",
                "on this computer the baseline cannot run; compare docker and qemu",
            )
        return None

    def version(self) -> str:
        return f"{os.uname().sysname} {os.uname().release}"

    def engine(self, image: LabImage | None) -> Engine:
        return "native"

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            port = stack.enter_context(reserved_port()) if limits.network else None
            log = folder / "stderr.log"
            with log.open("wb") as stderr:
                timeline.mark("created")
                process = spawn(
                    [str(image.rootfs / "bin/busybox"), "sh", str(image.rootfs / "lab/agent")],
                    env={"LAB_SCRATCH": str(folder), "LAB_HTTP": _listen_at(port)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    bufsize=0,
                )
            try:
                timeline.mark("started")
                _limit(process.pid, limits)
                assert process.stdin is not None and process.stdout is not None
                channel = Channel(process.stdout.fileno(), process.stdin.fileno())
                instance = HostInstance(process, log, Session(channel, timeline.clock), timeline)
                instance.port = port
                yield instance
            finally:
                end(process)


def _listen_at(port: int | None) -> str:
    """Where the process may listen itself: never at all of this computer's addresses."""
    return "" if port is None else f"{LOOPBACK}:{port}"


def _limit(pid: int, limits: Limits) -> None:
    """The CPU affinity and address space of a process and of all that it will start."""
    process = psutil.Process(pid)
    with suppress(psutil.NoSuchProcess):  # it ended already: the session will say so
        process.cpu_affinity(cpu_set(limits.cpus))
        size = limits.memory_mib * 1024 * 1024
        process.rlimit(psutil.RLIMIT_AS, (size, size))
