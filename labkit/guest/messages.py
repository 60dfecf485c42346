"""The lines of the protocol between host and agent, and what each of them says.

labkit/guest/agent states the lines. Whatever is none of them (a torn line, binary noise, another
program's output) is Noise: it is kept for diagnosis, and otherwise passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

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
