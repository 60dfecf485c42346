"""The line to a pod's agent: the attach of Kubernetes' API, a WebSocket, as one of our channels.

Each message has a first byte that says of which stream it is: Kubernetes' protocol
v4.channel.k8s.io (k8s.io/apiserver/pkg/util/wsstream).
"""

from __future__ import annotations

import select
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from labkit.backends.instance import STOP_TIMEOUT_S
from labkit.backends.kubernetes.client import connected
from labkit.guest.channel import CHUNK, Channel

KEPT = 20  # messages of standard error


@contextmanager
def attached(namespace: str, name: str) -> Iterator[tuple[Channel, deque[bytes]]]:
    """A channel to the pod's container, which runs, and what it says on standard error."""
    stderr: deque[bytes] = deque(maxlen=KEPT)
    with connected() as api:
        stream = _open(api, namespace, name)
        ours, inner = socket.socketpair()
        pump = threading.Thread(target=_pump, args=(stream, inner, stderr), daemon=True)
        pump.start()
        try:
            yield Channel(ours.fileno(), ours.fileno()), stderr
        finally:
            with suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)  # the pump sees the end, and closes the stream
            pump.join(STOP_TIMEOUT_S)  # its stream may be stuck in a line that is dead
            ours.close()


def _open(api: Any, namespace: str, name: str) -> Any:
    from kubernetes.stream import stream

    streams = {"stdin": True, "stdout": True, "stderr": True, "tty": False}
    attach = api.connect_get_namespaced_pod_attach
    return stream(attach, name, namespace, **streams, binary=True, _preload_content=False)


def _pump(stream: Any, inner: socket.socket, stderr: deque[bytes]) -> None:
    """Until either side ends. One thread for both ways: TLS is not to be used by two at once."""
    from kubernetes.stream.ws_client import STDERR_CHANNEL, STDOUT_CHANNEL
    from websocket import WebSocketException

    with inner, suppress(OSError, ValueError, WebSocketException):
        try:
            while _relay(stream, inner):
                stream.update(timeout=0)
                if text := stream.read_channel(STDERR_CHANNEL):
                    stderr.append(text)
                if data := stream.read_channel(STDOUT_CHANNEL):
                    inner.sendall(data)
        finally:
            stream.sock.shutdown()  # at once: a farewell would wait for an answer


def _relay(stream: Any, inner: socket.socket) -> bool:
    """Waits for either side, and passes on what we say. False at the end."""
    if not stream.is_open():
        return False
    connection = stream.sock.sock
    # What TLS has read already is in no socket that select sees.
    if (pending := getattr(connection, "pending", None)) and pending():
        return True
    ready, _, _ = select.select([connection, inner], [], [])
    if inner in ready:
        data = inner.recv(CHUNK)
        if not data:
            return False
        stream.write_stdin(data)
    return True
