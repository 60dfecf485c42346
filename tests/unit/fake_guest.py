"""What a guest says on its two serial ports, for programs that stand in for a machine's."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable


def serve(console: str, agent: str, ended: Callable[[], bool]) -> None:
    """Listens on both sockets, and answers until it is to end."""
    screens, requests = (listen(path) for path in (console, agent))
    screen = screens.accept()[0]
    screen.sendall(b"Linux version 6.1\n")  # first, as in a guest: its agent is the kernel's child
    threading.Thread(target=talk, args=(requests,), daemon=True).start()
    while not ended():
        time.sleep(0.01)


def listen(path: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    return server


def talk(server: socket.socket) -> None:
    stream = server.accept()[0].makefile("rw", newline="\n")
    print("LABKIT/2 READY 1.0", file=stream, flush=True)
    for line in stream:
        word, *rest = line.split()
        if word == "RUN":
            print(f"BEGIN {rest[0]} 1.0\nEND {rest[0]} 2.0 8", file=stream, flush=True)
        elif word == "STOP":
            print("BYE 3.0", file=stream, flush=True)
