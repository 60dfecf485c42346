"""The floor: the smallest possible process that announces itself, started as a backend.

Its program is a file of about 200 bytes without any library: write(2), read(2), write(2),
exit(2) (System V ABI for x86-64; elf(5)). It speaks the agent's protocol over the same kinds of
stream as the real backends: a pair of pipes (host), or a Unix socket (docker, the machines).
"""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from labkit.backends.base import STOP_TIMEOUT_S, Backend, Instance, Meter, Missing
from labkit.backends.host import HostBackend
from labkit.channel import Channel
from labkit.errors import BackendError, GuestTimeout
from labkit.image import LabImage
from labkit.process import end, scratch_folder, spawn
from labkit.protocol import VERSION, Session
from labkit.records import Engine, Limits
from labkit.timeline import Timeline

Stream = Literal["pipe", "socket"]
READY, BYE = f"LABKIT/{VERSION} READY 0\n".encode(), b"BYE 0\n"
ADDRESS = 0x400000
ELF_HEAD, PROGRAM_HEAD = struct.Struct("<16s2HI3QI6H"), struct.Struct("<2I6Q")
CALL_BYTES = 22
WRITE, READ, EXIT = 1, 0, 60
LONGEST_REQUEST = 16  # "STOP\n"; it lands on the stack, over what nobody reads


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
            raise GuestTimeout("the smallest process did not end") from None


class FloorBackend(Backend):
    """`created` is just before the spawn, as with the backend `host`."""

    family = "baseline"
    about_s = 0.1

    def __init__(self, stream: Stream) -> None:
        self.name = f"floor-{stream}"
        self.stream = stream

    def missing(self) -> Missing | None:
        return HostBackend().missing()

    def version(self) -> str:
        return HostBackend().version()

    def engine(self, image: LabImage | None) -> Engine:
        return "native"

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with scratch_folder() as folder, ExitStack() as stack:
            file = folder / "smallest"
            file.write_bytes(program())
            file.chmod(0o700)
            timeline.mark("created")
            process, channel = self._spawn(file, stack)
            timeline.mark("started")
            yield FloorInstance(process, Session(channel, timeline.clock), timeline)

    def _spawn(self, file: Path, stack: ExitStack) -> tuple[subprocess.Popen[bytes], Channel]:
        if self.stream == "pipe":
            process = _start(file, stack, subprocess.PIPE, subprocess.PIPE)
            assert process.stdin is not None and process.stdout is not None
            return process, Channel(process.stdout.fileno(), process.stdin.fileno())
        ours, theirs = socket.socketpair()
        stack.callback(ours.close)
        with theirs:
            process = _start(file, stack, theirs.fileno(), theirs.fileno())
        return process, Channel(ours.fileno(), ours.fileno())


def program() -> bytes:
    """The file: a head, one loadable segment, four system calls, two texts."""
    code_at = ELF_HEAD.size + PROGRAM_HEAD.size
    texts_at = ADDRESS + code_at + 4 * CALL_BYTES
    code = [
        _call(WRITE, 1, texts_at, len(READY)),
        _call(READ, 0, None, LONGEST_REQUEST),
        _call(WRITE, 1, texts_at + len(READY), len(BYE)),
        _call(EXIT, 0, 0, 0),
    ]
    body = b"".join(code) + READY + BYE
    size = code_at + len(body)
    elf = (b"\x7fELF\x02\x01\x01", 2, 62, 1, ADDRESS + code_at, ELF_HEAD.size, 0, 0)
    head = ELF_HEAD.pack(*elf, ELF_HEAD.size, PROGRAM_HEAD.size, 1, 0, 0, 0)
    return head + PROGRAM_HEAD.pack(1, 5, 0, ADDRESS, ADDRESS, size, size, 0x1000) + body


def _call(number: int, first: int, address: int | None, length: int) -> bytes:
    """A system call of three arguments in 22 bytes: mov eax, edi, esi, edx; syscall. Without an
    address, the second argument is the top of the stack (mov rsi, rsp; two times nop)."""
    second = b"\x48\x89\xe6\x90\x90" if address is None else b"\xbe" + struct.pack("<I", address)
    return (
        b"".join([b"\xb8", struct.pack("<I", number), b"\xbf", struct.pack("<I", first)])
        + second
        + b"".join([b"\xba", struct.pack("<I", length), b"\x0f\x05"])
    )


def _start(file: Path, stack: ExitStack, stdin: int, stdout: int) -> subprocess.Popen[bytes]:
    try:
        process = spawn([str(file)], stdin=stdin, stdout=stdout, bufsize=0)
    except OSError as error:
        raise BackendError(
            "the smallest process cannot be started",
            details=f"{file.parent} does not allow programs: {error}",
            resolution="name a folder that does: TMPDIR=… labkit selftest",
        ) from error
    stack.callback(end, process)
    return process
