"""The two serial ports of a machine that listens on sockets: its console's, and its agent's."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.guest.channel import Channel
from labkit.guest.protocol import Session
from labkit.system.clock import wait_until
from labkit.system.ports import SOCKET_PATH_BYTES

CONSOLE, AGENT = "console", "agent"
CONNECT_TIMEOUT_S = 60.0


def check_length(ports: Path) -> None:
    """A machine's program would cut a long path off, and put both serial ports in one place."""
    path = ports / CONSOLE
    length = len(os.fsencode(path))
    if length > SOCKET_PATH_BYTES:
        raise BackendError(
            f"the path of the folder for temporary files is too long ({tempfile.gettempdir()})",
            details=f"a machine's serial port would lie at {path}, which has {length} bytes; "
            f"the system allows {SOCKET_PATH_BYTES}",
            resolution="name a folder with a shorter path with TMPDIR=FOLDER",
        )


@contextmanager
def conversation(
    ports: Path,
    log: Path,
    timeline: Timeline,
    *,
    alive: Callable[[], bool],
    refused: Callable[[], BackendError],
    boots: bool = True,
) -> Iterator[Session]:
    """With the agent, once both ports in the folder `ports` answer (`started`); what the console
    says goes to `log`. One that does not boot has no milestone `kernel`, whatever its kernel says
    later. `refused` makes the error of a machine that is no longer `alive`, or does not answer."""
    with ExitStack() as stack:
        console, agent = (
            stack.enter_context(connected(ports / name, alive, refused))
            for name in (CONSOLE, AGENT)
        )
        timeline.mark("started")
        kept = stack.enter_context(log.open("ab", buffering=0))

        def on_console(data: bytes) -> None:
            if boots:
                timeline.mark("kernel")
            with suppress(OSError):  # a full disk must not end the machine
                kept.write(data)

        channel = Channel(agent.fileno(), agent.fileno(), watch={console.fileno(): on_console})
        yield Session(channel, timeline.clock)


def connected(
    path: Path, alive: Callable[[], bool], refused: Callable[[], BackendError]
) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def answers() -> bool:
        with suppress(OSError):
            connection.connect(str(path))
            return True
        return not alive()

    wait_until(answers, timeout=CONNECT_TIMEOUT_S, interval=0.01)
    try:
        connection.getpeername()
    except OSError:
        connection.close()
        raise refused() from None
    return connection
