"""The conversation between host and agent, as the host holds it; its lines are in messages.py.

All durations are the host's monotonic clock at the moment a line arrives; the instance's own
clock comes along as a finding. Only silence and the end of the stream are errors.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from labkit.errors import BackendError, ConnectionEnded, GuestTimeout, ProtocolError
from labkit.guest.messages import (
    VERSION,
    Begin,
    Bye,
    End,
    Failure,
    LineSplitter,
    Memory,
    Message,
    Noise,
    Output,
    Ready,
    Status,
    parse,
)
from labkit.system.clock import Clock

M = TypeVar("M", Begin, End)
# How long a report of 96 KiB may take over the slowest serial port.
REPORT_S = 60.0


class Stream(Protocol):
    """What a session talks over; labkit.guest.channel.Channel is one."""

    def send(self, data: bytes) -> None: ...

    def receive(self, timeout: float) -> bytes | None: ...


@dataclass(frozen=True)
class Request:
    """A workload, for how many seconds, with which settings (name → value). due_s: how long after
    its begin its end is due; None for one that counts, whose last step may take long."""

    workload: str
    seconds: float
    settings: tuple[tuple[str, str], ...] = ()
    due_s: float | None = None

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
    """Arrival times on the host's clock (s), the instance's own duration (None where no agent tells
    it), operations done, and memory in use as seen from inside (in a container, too: there it is
    the host's)."""

    begin: float
    end: float
    guest_seconds: float | None
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
        *,
        ending: float | None = None,
    ) -> Answer:
        """Runs one workload. on_begin is called when its begin line has arrived; after it, the
        end may take `ending` seconds."""
        end = self.begin(request, timeout)
        on_begin()
        return end(timeout if ending is None else ending)

    def begin(self, request: Request, timeout: float) -> Callable[[float], Answer]:
        """Begins one workload, and returns what waits for its end, as long as it is told."""
        deadline = self._clock.now() + timeout
        self._requests += 1
        id = str(self._requests)
        self._send(request.line(id))
        what = f"begin the workload {request.workload}"
        begun, begin, memory = self._answer(Begin, "begin", id, what, deadline)

        def end(timeout: float) -> Answer:
            what = f"finish the workload {request.workload}"
            deadline = self._clock.now() + timeout
            ended, end, more = self._answer(End, "end", id, what, deadline)
            seconds = end.clock - begin.clock
            return Answer(begun, ended, seconds, end.operations, (*memory, *more))

        return end

    def require_running(self) -> None:
        """BackendError, with what the agent says of it, where the workload that has begun last has
        ended already. Never waits; what was heard is kept for whoever waits for the end."""
        with suppress(TimeoutError):
            self._take(self._stream.receive(0), "finish the workload")
        for _, message in self._arrived:
            if isinstance(message, Failure | End) and message.id == str(self._requests):
                why = message.reason if isinstance(message, Failure) else "it has ended by itself"
                raise BackendError("the workload ended before it was asked to", details=why)

    def report(self) -> str:
        """What the program of the workload that has just ended has said."""
        _, (out, _) = self._outputs(str(self._requests), self._clock.now() + REPORT_S)
        return out.decode(errors="replace")

    def shell(self, script: Script, timeout: float) -> Outcome:
        """Runs a script. Raises BackendError, also for an answer that makes no sense."""
        deadline = self._clock.now() + timeout
        self._requests += 1
        id = str(self._requests)
        self._send(script.line(id))
        begun, _, _ = self._answer(Begin, "begin", id, "begin the script", deadline)
        ended, _, _ = self._answer(End, "end", id, "finish the script", deadline)
        status, (out, err) = self._outputs(id, deadline)
        return Outcome(ended - begun, status, out, err)

    def _outputs(self, id: str, deadline: float) -> tuple[int, tuple[bytes, bytes]]:
        """What was printed, to its end; the status that ends it comes first."""
        pieces: dict[str, list[str]] = {"out": [], "err": []}
        while True:
            _, message = self._next((Output, Status), "tell the outcome", deadline)
            if isinstance(message, Output) and message.id == id:
                pieces[message.stream].append(message.piece)
            if isinstance(message, Status) and message.id == id:
                return message.status, (_decoded(pieces["out"]), _decoded(pieces["err"]))

    def stop(self, timeout: float) -> None:
        """Asks the agent to leave, and waits for its goodbye."""
        self._send(b"STOP\n")
        self._next((Bye,), "say goodbye", self._clock.now() + timeout)

    def _answer(
        self, kind: type[M], edge: Literal["begin", "end"], id: str, what: str, deadline: float
    ) -> tuple[float, M, list[MemoryTold]]:
        """The line of this kind and its arrival; what was told of the memory before, once at
        most, whatever the other side says."""
        memory: list[MemoryTold] = []
        while True:
            at, message = self._next((kind, Failure, Memory), what, deadline)
            if isinstance(message, Failure) and message.id == id:
                raise BackendError(
                    f"the agent could not {what}",
                    details=message.reason,
                    resolution="mend what it says there (a program that the lab image lacks: "
                    "--packages NAMES), and measure once more",
                )
            if isinstance(message, Memory) and message.id == id:
                memory = [MemoryTold(at, edge, message.used_kib * 1024)]
            if isinstance(message, kind) and message.id == id:
                return at, message, memory

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
        self._take(data, what)

    def _take(self, data: bytes | None, what: str) -> None:
        at = self._clock.now()
        if data is None:
            raise ConnectionEnded(f"the connection ended before the agent could {what}")
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
