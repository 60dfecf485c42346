"""The floor: a process that only announces itself and leaves, started as a backend.

It is a line of shell in the lab image's busybox, over the same kinds of stream as the real
backends: a pair of pipes (host), or a Unix socket (docker, the machines). A program of 200 bytes
without any library is no better a floor: from spawn to line it took 0.65 ms instead of 1.21 ms
(medians of 60 each, interleaved, on 2 busy CPUs), of a bound of 50 ms (FLOOR_S).
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal

from labkit.backends.base import Backend, Missing
from labkit.backends.host import HostBackend
from labkit.backends.instance import STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.timeline import Timeline
from labkit.errors import GuestTimeout
from labkit.guest.channel import Channel
from labkit.guest.messages import VERSION
from labkit.guest.protocol import Session
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine
from labkit.system.process import end, spawn

Stream = Literal["pipe", "socket"]
SCRIPT = f"echo LABKIT/{VERSION} READY 0; read stop; echo BYE 0"


class FloorInstance(Instance):
    def __init__(
        self, process: subprocess.Popen[bytes], session: Session, timeline: Timeline
    ) -> None:
        super().__init__(session, timeline)
        self._process = process

    def meters(self) -> tuple[Meter, ...]:
        return (Meter("process", "instance", (self._process.pid,)),)

    def _wait_gone(self) -> None:
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise GuestTimeout("the process of the floor did not end") from None


class FloorBackend(Backend):
    """`created` is just before the spawn, as with the backend `host`."""

    family = "baseline"
    about_s = 0.1

    def __init__(self, stream: Stream) -> None:
        self.name = f"floor-{stream}"
        super().__init__()
        self.stream = stream

    def missing(self) -> Missing | None:
        return HostBackend().missing()

    def version(self) -> str:
        return HostBackend().version()

    def engine(self, image: LabImage | None) -> Engine:
        return "native"

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        argv = [str(image.rootfs / "bin/busybox"), "sh", "-c", SCRIPT]
        with ExitStack() as stack:
            timeline.mark("created")
            process, channel = self._spawn(argv, stack)
            timeline.mark("started")
            yield FloorInstance(process, Session(channel, timeline.clock), timeline)

    def _spawn(self, argv: list[str], stack: ExitStack) -> tuple[subprocess.Popen[bytes], Channel]:
        if self.stream == "pipe":
            process = _start(argv, stack, subprocess.PIPE, subprocess.PIPE)
            assert process.stdin is not None and process.stdout is not None
            return process, Channel(process.stdout.fileno(), process.stdin.fileno())
        ours, theirs = socket.socketpair()
        stack.callback(ours.close)
        with theirs:
            process = _start(argv, stack, theirs.fileno(), theirs.fileno())
        return process, Channel(ours.fileno(), ours.fileno())


FLOORS = (FloorBackend("pipe"), FloorBackend("socket"))


def _start(argv: list[str], stack: ExitStack, stdin: int, stdout: int) -> subprocess.Popen[bytes]:
    process = spawn(argv, stdin=stdin, stdout=stdout, bufsize=0)
    stack.callback(end, process)
    return process
