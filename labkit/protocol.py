"""The line protocol between host and agent, as the host sees it.

labkit/guest/agent states the lines. All durations are the host's monotonic clock at the moment
a line arrives; the instance's own clock comes along as a finding. Whatever is not a line of the
protocol (a torn line, binary noise, another program's output) is kept for diagnosis, and
otherwise passed over: only silence and the end of the stream are errors.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from labkit.errors import BackendError, GuestTimeout, ProtocolError
from labkit.process import Clock

VERSION = 2
LONGEST_LINE = 4096


@dataclass(frozen=True)
class Ready:
    """User space is up. clock: the instance's uptime in seconds."""

    version: int
    clock: float


@dataclass(frozen=True)
class Memory:
    """Memory in use, as /proc/meminfo counts it where the agent is."""

    id: str
    used_kib: int


@dataclass(frozen=True)
class Begin:
    """A workload is calibrated and begins to count."""

    id: str
    clock: float


@dataclass(frozen=True)
class End:
    """A workload ended. operations is None where none are counted."""

    id: str
    clock: float
    operations: int | None


@dataclass(frozen=True)
class Output:
    """A piece of what a script printed, still in base64 (RFC 4648)."""

    id: str
    stream: str
    piece: str


@dataclass(frozen=True)
class Status:
    """How a script ended: its exit status, 128 + the signal's number when one ended it."""

    id: str
    status: int


@dataclass(frozen=True)
class Failure:
    """The agent could not do what was asked."""

    id: str
    reason: str


@dataclass(frozen=True)
class Bye:
    """The agent is about to leave."""

    clock: float


@dataclass(frozen=True)
class Noise:
    """Not a line of the protocol."""

    text: str


M = TypeVar("M", Begin, End)
Message = Ready | Memory | Begin | End | Output | Status | Failure | Bye | Noise

_CLOCK = r"(\d{1,12}(?:\.\d{1,9})?)"
_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Message]], ...] = (
    (re.compile(rf"LABKIT/(\d{{1,4}}) READY {_CLOCK}"), lambda m: Ready(int(m[1]), float(m[2]))),
    (re.compile(r"MEMORY (\w{1,32}) (\d{1,15})"), lambda m: Memory(m[1], int(m[2]))),
    (re.compile(rf"BEGIN (\w{{1,32}}) {_CLOCK}"), lambda m: Begin(m[1], float(m[2]))),
    (
        re.compile(rf"END (\w{{1,32}}) {_CLOCK} (-|\d{{1,18}})"),
        lambda m: End(m[1], float(m[2]), None if m[3] == "-" else int(m[3])),
    ),
    (
        re.compile(r"OUTPUT (\w{1,32}) (out|err) ([A-Za-z0-9+/=]{1,200})"),
        lambda m: Output(m[1], m[2], m[3]),
    ),
    (re.compile(r"STATUS (\w{1,32}) (\d{1,3})"), lambda m: Status(m[1], int(m[2]))),
    (re.compile(r"ERROR (-|\w{1,32}) (.+)"), lambda m: Failure(m[1], m[2])),
    (re.compile(rf"BYE {_CLOCK}"), lambda m: Bye(float(m[1]))),
)


def parse(line: str) -> Message:
    """A line without its end → what it says. Never raises: what it cannot read is Noise."""
    if line.isascii():
        for pattern, build in _PATTERNS:
            if match := pattern.fullmatch(line):
                return build(match)
    return Noise(line)


class LineSplitter:
    """Bytes as they arrive → whole lines. A line longer than LONGEST_LINE is cut, so that a
    stream without line ends cannot fill the memory."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        return [line[:LONGEST_LINE].rstrip(b"\r").decode(errors="replace") for line in lines]


class Stream(Protocol):
    """What a session talks over; labkit.channel.Channel is one."""

    def send(self, data: bytes) -> None: ...

    def receive(self, timeout: float) -> bytes | None: ...


@dataclass(frozen=True)
class Request:
    """A workload, for how many seconds, with which settings (name → value)."""

    workload: str
    seconds: float
    settings: tuple[tuple[str, str], ...] = ()

    def line(self, id: str) -> bytes:
        words = ["RUN", id, self.workload, str(round(self.seconds * 1000))]
        return (" ".join(words + [f"{k}={v}" for k, v in self.settings]) + "\n").encode()


@dataclass(frozen=True)
class MemoryTold:
    """at: arrival on the host's clock (s); edge: just before which line of the workload."""

    at: float
    edge: Literal["begin", "end"]
    used_bytes: int


@dataclass(frozen=True)
class Answer:
    """Arrival times on the host's clock (s), the instance's own duration, operations done, and
    memory in use as seen from inside (in a container, too: there it is the host's)."""

    begin: float
    end: float
    guest_seconds: float
    operations: int | None
    memory: tuple[MemoryTold, ...] = ()


@dataclass(frozen=True)
class Script:
    """A shell script with its limits: of its time, and of what is kept of each output."""

    text: str
    seconds: int = 10
    output_bytes: int = 8192

    def line(self, id: str) -> bytes:
        script = base64.b64encode(self.text.encode()).decode()
        return f"SHELL {id} {self.seconds} {self.output_bytes} {script}\n".encode()


@dataclass(frozen=True)
class Outcome:
    """What a script did. seconds: by the host's clock; the outputs may have been cut."""

    seconds: float
    status: int
    out: bytes
    err: bytes


class Session:
    """One conversation with one agent."""

    def __init__(self, stream: Stream, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._splitter = LineSplitter()
        self._arrived: deque[tuple[float, Message]] = deque()
        self._requests = 0
        self.noise: deque[str] = deque(maxlen=20)

    def wait_ready(self, timeout: float) -> float:
        """The arrival time of the agent's announcement."""
        at, message = self._next((Ready,), "announce itself", self._clock.now() + timeout)
        if isinstance(message, Ready) and message.version != VERSION:
            raise ProtocolError(
                f"the agent speaks version {message.version} of the protocol, not {VERSION}",
                resolution="build the lab image anew: labkit image build --refresh",
            )
        return at

    def greet(self) -> None:
        """Asks the agent to announce itself once more: one that was resumed does not do so."""
        self._send(b"HELLO\n")

    def run(
        self,
        request: Request,
        timeout: float,
        on_begin: Callable[[], None] = lambda: None,
    ) -> Answer:
        """Runs one workload. on_begin is called when its begin line has arrived."""
        deadline = self._clock.now() + timeout
        self._requests += 1
        id = str(self._requests)
        self._send(request.line(id))
        what = f"begin the workload {request.workload}"
        begun, begin, memory = self._answer(Begin, "begin", id, what, deadline)
        on_begin()
        what = f"finish the workload {request.workload}"
        ended, end, more = self._answer(End, "end", id, what, deadline)
        seconds = end.clock - begin.clock
        return Answer(begun, ended, seconds, end.operations, (*memory, *more))

    def shell(self, script: Script, timeout: float) -> Outcome:
        """Runs a script. Raises BackendError, also for an answer that makes no sense."""
        deadline = self._clock.now() + timeout
        self._requests += 1
        id = str(self._requests)
        self._send(script.line(id))
        begun, _, _ = self._answer(Begin, "begin", id, "begin the script", deadline)
        ended, _, _ = self._answer(End, "end", id, "finish the script", deadline)
        pieces: dict[str, list[str]] = {"out": [], "err": []}
        while True:
            _, message = self._next((Output, Status), "tell the outcome", deadline)
            if isinstance(message, Output) and message.id == id:
                pieces[message.stream].append(message.piece)
            if isinstance(message, Status) and message.id == id:
                break
        out, err = (_decoded(pieces[stream]) for stream in ("out", "err"))
        return Outcome(ended - begun, message.status, out, err)

    def stop(self, timeout: float) -> None:
        """Asks the agent to leave, and waits for its goodbye."""
        self._send(b"STOP\n")
        self._next((Bye,), "say goodbye", self._clock.now() + timeout)

    def _answer(
        self, kind: type[M], edge: Literal["begin", "end"], id: str, what: str, deadline: float
    ) -> tuple[float, M, list[MemoryTold]]:
        """The line of this kind and its arrival; what was told of the memory before, once at
        most, whatever the other side says."""
        told: list[MemoryTold] = []
        while True:
            at, message = self._next((kind, Failure, Memory), what, deadline)
            if isinstance(message, Failure) and message.id == id:
                raise BackendError(f"the agent could not {what}", details=message.reason)
            if isinstance(message, Memory) and message.id == id:
                told = [MemoryTold(at, edge, message.used_kib * 1024)]
            if isinstance(message, kind) and message.id == id:
                return at, message, told

    def _next(self, kinds: tuple[type, ...], what: str, deadline: float) -> tuple[float, Message]:
        """The next message of one of these kinds; others are passed over."""
        while True:
            while self._arrived:
                at, message = self._arrived.popleft()
                if isinstance(message, kinds):
                    return at, message
                self.noise.append(message.text if isinstance(message, Noise) else str(message))
            self._fill(what, deadline)

    def _fill(self, what: str, deadline: float) -> None:
        remaining = deadline - self._clock.now()
        if remaining <= 0:
            raise GuestTimeout(f"the agent did not {what} in time")
        try:
            data = self._stream.receive(remaining)
        except TimeoutError:
            raise GuestTimeout(f"the agent did not {what} in time") from None
        at = self._clock.now()
        if data is None:
            raise BackendError(f"the connection ended before the agent could {what}")
        self._arrived.extend((at, parse(line)) for line in self._splitter.feed(data))

    def _send(self, line: bytes) -> None:
        try:
            self._stream.send(line)
        except OSError as error:
            raise BackendError("the instance no longer listens", details=str(error)) from error


def _decoded(pieces: list[str]) -> bytes:
    try:
        return b"".join(base64.b64decode(piece, validate=True) for piece in pieces)
    except binascii.Error as error:
        raise ProtocolError("the agent's output cannot be read", details=str(error)) from error
