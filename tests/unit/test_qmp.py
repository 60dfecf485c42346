"""The control socket's client against a small server that does what QEMU does at its start."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from labkit.backends import qmp
from labkit.backends.qmp import Qmp
from labkit.errors import BackendError

GREETING: dict[str, object] = {"QMP": {"version": {}, "capabilities": []}}


def serve(bound: socket.socket, delay: float) -> None:
    """Listens only after a while, then answers two requests."""
    time.sleep(delay)
    bound.listen(1)
    connection, _ = bound.accept()
    with connection:
        connection.sendall(json.dumps(GREETING).encode() + b"\r\n")
        while data := connection.recv(4096):
            answer = {"return": {"status": "prelaunch"}, "id": json.loads(data).get("id")}
            connection.sendall(json.dumps(answer).encode() + b"\r\n")


def test_a_socket_that_does_not_listen_yet_is_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "qmp"))
        server = threading.Thread(target=serve, args=(bound, 0.2))
        server.start()
        client = Qmp(tmp_path / "qmp")
        assert client.status() == "prelaunch"
        client.close()
        server.join(10)


def test_a_socket_that_never_listens_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qmp, "REFUSALS", 5)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "qmp"))
        with pytest.raises(BackendError, match="control socket failed at 'connect'") as caught:
            Qmp(tmp_path / "qmp")
    assert "refused" in caught.value.details and "what to do: " in str(caught.value)
