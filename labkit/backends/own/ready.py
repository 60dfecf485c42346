"""When an instance without an agent counts as ready: a condition that its user has chosen.

tcp:22            a program inside has taken a connection to this port
http://:8080/     an answer to GET / at this port, with a status from 200 to 399
console:'login:'  this text on its output (a container's, or a machine's first serial port)
line:'READY'      a whole line of that output with this text in it

Who accepts a connection to a forwarded port of this computer is QEMU, VirtualBox or docker-proxy,
whether or not anybody listens inside: so each backend says what proves it (`Taken`).
"""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from labkit.errors import UsageError
from labkit.system.ports import LOOPBACK

CONNECT_S, ANSWER_S, PAUSE_S, LOOK_S = 1.0, 10.0, 0.01, 0.02
# Whether a program inside has taken this connection.
Taken = Callable[[socket.socket], bool]


@dataclass(frozen=True)
class Ready:
    """A condition, read. `text`: what is looked for, or the path that is asked for."""

    kind: Literal["tcp", "http", "console", "line"]
    text: str = ""
    port: int | None = None

    def pattern(self) -> re.Pattern[bytes] | None:
        """What it looks like on the output; None for a port."""
        if self.port is not None:
            return None
        text = re.escape(self.text.encode())
        return re.compile(text if self.kind == "console" else text + rb"[^\n]*\n")


def read(text: str) -> Ready:
    """UsageError for what is no condition."""
    if text.isprintable():
        if match := re.fullmatch(r"tcp:(\d{1,5})", text, re.ASCII):
            return Ready("tcp", port=_port(int(match[1])))
        if match := re.fullmatch(r"http://:(\d{1,5})(/[!-~]*)?", text, re.ASCII):
            return Ready("http", match[2] or "/", _port(int(match[1])))
        if match := re.fullmatch(r"(console|line):(.+)", text):
            return Ready("console" if match[1] == "console" else "line", match[2])
    raise UsageError(
        f"{text!r} does not say when an instance is ready",
        resolution="use tcp:22, http://:8080/, console:login: or line:READY",
    )


def _port(number: int) -> int:
    if not 1 <= number <= 65535:
        raise UsageError(f"{number} is no port", resolution="use 1 to 65535, such as tcp:22")
    return number


def try_port(ready: Ready, port: int, taken: Taken | None) -> float | None:
    """The time (time.monotonic, as HostClock) at which the condition was fulfilled, or None: not
    yet. `port`: the one of this computer that leads to the instance's."""
    with suppress(OSError, http.client.HTTPException):
        if taken is not None:
            with socket.create_connection((LOOPBACK, port), CONNECT_S) as connection:
                at = time.monotonic()
                if not taken(connection):
                    return None
            if ready.kind == "tcp":
                return at
        return _answered(ready, port)
    return None


def _answered(ready: Ready, port: int) -> float | None:
    asked = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_S)
    try:
        asked.request("GET", ready.text, headers={"Connection": "close"})
        status, at = asked.getresponse().status, time.monotonic()
    finally:
        asked.close()
    return at if 200 <= status < 400 else None


def established(port: int) -> re.Pattern[str]:
    """What the network of QEMU and that of VirtualBox, both of which are libslirp, list of a
    connection to this port of this computer that the guest has taken."""
    return re.compile(rf"TCP\[ESTABLISHED\]\s+\d+\s+\S+\s+{port}\s")


def held(
    connection: socket.socket,
    listed: Callable[[], str],
    seconds: float,
    pause: float = LOOK_S,
    first: float = 0.0,
) -> bool:
    """Whether the guest takes it within this time: such a network takes each one by itself, and
    then asks the guest. `listed`: its list of connections, which is looked at after `first`
    seconds, and then after each pause."""
    taken = established(connection.getpeername()[1])
    connection.setblocking(False)
    until = time.monotonic() + seconds
    time.sleep(first)
    while time.monotonic() < until:
        if taken.search(listed()):
            return True
        with suppress(BlockingIOError):
            return connection.recv(1) != b""  # the guest has refused it, or has spoken
        time.sleep(pause)
    return False


def stays_open(connection: socket.socket, seconds: float = 1.0) -> bool:
    """Whether the other side neither closes the connection within this time, or has said
    something: docker-proxy takes each one, and gives up those that nobody inside takes."""
    connection.settimeout(seconds)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
