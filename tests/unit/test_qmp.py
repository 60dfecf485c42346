"""The control socket's client against a small server that does what QEMU does at its start."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from labkit.backends.qemu import qmp
from labkit.backends.qemu.qmp import Qmp
from labkit.errors import BackendError

GREETING: dict[str, object] = {"QMP": {"version": {}, "capabilities": []}}


def serve(connection: socket.socket, delay: float, received: list[int]) -> None:
    """Greets only after a while, then answers requests, and keeps the descriptors it is sent."""
    time.sleep(delay)
    connection.sendall(json.dumps(GREETING).encode() + b"\r\n")
    while True:
        data, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
        received += descriptors
        if not data:
            break
        if data.strip():  # a descriptor comes with a space
            answer = {"return": {"status": "prelaunch"}, "id": json.loads(data).get("id")}
            connection.sendall(json.dumps(answer).encode() + b"\r\n")


@pytest.mark.parametrize("delay", [0, 0.2])
def test_a_machine_that_takes_its_time_is_waited_for(delay: float, tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    received: list[int] = []
    with ours, theirs, (tmp_path / "file").open("w+") as file:
        server = threading.Thread(target=serve, args=(theirs, delay, received))
        server.start()
        client = Qmp(ours)
        assert client.status() == "prelaunch"
        client.give(file.fileno(), "state")
        client.close()
        server.join(10)
        assert os.path.samestat(os.fstat(received[0]), os.fstat(file.fileno()))
        os.close(received[0])


def test_a_machine_that_ends_at_once_is_told() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        with pytest.raises(BackendError, match="control socket failed at 'connect'") as caught:
            Qmp(ours)
    assert "what to do: " in str(caught.value)


def test_a_machine_that_never_greets_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qmp, "GREETING_TIMEOUT_S", 0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(BackendError, match="control socket failed at 'connect'"):
        Qmp(ours)
