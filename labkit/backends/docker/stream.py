"""Takes apart the stream of an attached container without a terminal.

Frames of eight bytes of head (stream number, three zeros, length as a big-endian 32-bit number)
and their content: Docker Engine API, «Attach to a container», stream format.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
from contextlib import suppress

HEAD = struct.Struct(">BxxxL")
STDERR = 2
KEEP = 4096
CHUNK = 65536


class Demultiplexer:
    """Bytes as they arrive, however torn → what the container wrote to its standard output.
    The end of its standard error is kept in `stderr`, or is output, too, where `whole`."""

    def __init__(self) -> None:
        self._rest = b""
        self.stderr = b""
        self.whole = False

    def feed(self, data: bytes) -> bytes:
        self._rest += data
        output = b""
        while len(self._rest) >= HEAD.size:
            stream, length = HEAD.unpack_from(self._rest)
            frame_end = HEAD.size + length
            if len(self._rest) < frame_end:
                break
            content, self._rest = self._rest[HEAD.size : frame_end], self._rest[frame_end:]
            if stream == STDERR and not self.whole:
                self.stderr = (self.stderr + content)[-KEEP:]
            else:
                output += content
        return output


def decrypted(connection: ssl.SSLSocket) -> socket.socket:
    """A plain socket to the other end of TLS: its descriptor can be waited for. One
    thread for both ways, since TLS is not to be used by two at once."""
    ours, inner = socket.socketpair()
    threading.Thread(target=_pump, args=(connection, inner), daemon=True).start()
    return ours


def _pump(connection: ssl.SSLSocket, inner: socket.socket) -> None:
    """Until either side ends. What TLS has read already is in no socket that select sees."""
    with inner, suppress(OSError, ValueError):  # either may be closed while it is waited for
        while True:
            connection.settimeout(0)
            with suppress(ssl.SSLWantReadError):
                while data := connection.recv(CHUNK):
                    inner.sendall(data)
                return
            ready, _, _ = select.select([connection, inner], [], [])
            if inner in ready:
                if not (data := inner.recv(CHUNK)):
                    return
                connection.settimeout(None)
                connection.sendall(data)
