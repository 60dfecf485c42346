"""One byte stream to an instance: pipes, a container's attached streams, a serial port."""

from __future__ import annotations

import errno
import os
import selectors
from collections.abc import Callable, Mapping
from contextlib import suppress

CHUNK = 65536

Decoder = Callable[[bytes], bytes]


class Channel:
    """Reads and writes two file descriptors (which may be one socket's), with time limits.

    decode turns what arrives into what the agent wrote. watch names further descriptors, such
    as a guest's console: what they say goes to their function while the channel waits.
    """

    def __init__(
        self,
        read_fd: int,
        write_fd: int,
        *,
        decode: Decoder = bytes,
        watch: Mapping[int, Callable[[bytes], None]] | None = None,
    ) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._decode = decode
        self._watch = dict(watch or {})

    def send(self, data: bytes) -> None:
        """Writes all of data; BrokenPipeError and its kin when nobody listens any more."""
        while data:
            data = data[os.write(self._write_fd, data) :]

    def receive(self, timeout: float) -> bytes | None:
        """What arrived within `timeout` seconds: bytes (b"" if none of them were the agent's),
        or None at the end of the stream. Raises TimeoutError when nothing came at all."""
        with selectors.DefaultSelector() as selector:
            for fd in (self._read_fd, *self._watch):
                selector.register(fd, selectors.EVENT_READ)
            ready = [int(key.fd) for key, _ in selector.select(max(timeout, 0))]
        if not ready:
            raise TimeoutError
        for fd in ready:
            if fd in self._watch:
                self._drain(fd)
        if self._read_fd not in ready:
            return b""
        data = self._read(self._read_fd)
        return self._decode(data) if data else None

    def _drain(self, fd: int) -> None:
        data = self._read(fd)
        if data:
            self._watch[fd](data)
        else:
            del self._watch[fd]

    def _read(self, fd: int) -> bytes:
        with suppress(ConnectionError):
            try:
                return os.read(fd, CHUNK)
            except OSError as error:
                if error.errno != errno.EIO:  # a pseudo-terminal whose other end is closed
                    raise
        return b""
