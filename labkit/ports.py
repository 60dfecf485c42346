"""Free ports of this computer, on its loopback address only.

Another program that asks the system for a free port could get the same one before its server is
there. So the port is kept: a socket is bound to it, and never listens. With SO_REUSEADDR on both
sides a server may still bind to it (socket(7)): busybox httpd and slirp set that.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

LOOPBACK = "127.0.0.1"


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that the system gives to nobody else inside this context."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind((LOOPBACK, 0))
        yield int(keeper.getsockname()[1])
