"""Free ports of this computer, on its loopback address only; who listens at a Unix socket.

Another program that asks the system for a free port could get the same one before its server is
there. So the port is kept: a socket is bound to it, and never listens. With SO_REUSEADDR on both
sides a server may still bind to it (socket(7)): busybox httpd and slirp set that.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
CONNECT_S = 5.0
# The longest path of a socket: sun_path of unix(7) less its end, of macOS's unix(4).
SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that the system gives to nobody else inside this context."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind((LOOPBACK, 0))
        yield int(keeper.getsockname()[1])


def listener(address: Path) -> int | None:
    """The process that listens at a Unix socket: SO_PEERCRED, unix(7). None where nobody does, or
    where it is not to be known; 0 for one that is outside of this PID namespace."""
    credentials = struct.Struct("3i")
    with suppress(OSError, AttributeError), socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(CONNECT_S)
        probe.connect(str(address))
        raw = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
        return int(credentials.unpack(raw)[0])
    return None
