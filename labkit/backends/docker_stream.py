"""Takes apart the stream of an attached container without a terminal.

Frames of eight bytes of head (stream number, three zeros, length as a big-endian 32-bit number)
and their content: Docker Engine API, «Attach to a container», stream format.
"""

from __future__ import annotations

import struct

HEAD = struct.Struct(">BxxxL")
STDERR = 2
KEEP = 4096


class Demultiplexer:
    """Bytes as they arrive, however torn → what the container wrote to its standard output.
    The end of its standard error is kept in `stderr`."""

    def __init__(self) -> None:
        self._rest = b""
        self.stderr = b""

    def feed(self, data: bytes) -> bytes:
        self._rest += data
        output = b""
        while len(self._rest) >= HEAD.size:
            stream, length = HEAD.unpack_from(self._rest)
            frame_end = HEAD.size + length
            if len(self._rest) < frame_end:
                break
            content, self._rest = self._rest[HEAD.size : frame_end], self._rest[frame_end:]
            if stream == STDERR:
                self.stderr = (self.stderr + content)[-KEEP:]
            else:
                output += content
        return output
