"""QEMU's guest agent in a computer: a line of JSON is asked, a line of JSON is answered (QEMU's
manual, "QEMU Guest Agent Protocol Reference")."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# A computer below that is busy with other things gives it little time.
ANSWER_TIMEOUT_S = 300.0


class StandsStill(AssertionError):
    """The computer answers no more, or is gone: not a program of it, but the whole of it."""


class Agent:
    """`console` tells how the computer is, for an error."""

    def __init__(self, line: socket.socket, console: Callable[[], str]) -> None:
        self._socket, self._console = line, console
        self._pending = b""

    def wait_started(self, timeout: float) -> None:
        """Until it answers: systemd starts it with its port."""
        deadline = time.monotonic() + timeout
        number = 0
        while time.monotonic() < deadline:
            number += 1  # answers to what was asked before come later
            with suppress(TimeoutError):
                self._send("guest-sync", id=number)
                while self._answer(5).get("return") != number:
                    pass
                return
        raise StandsStill(f"the computer does not answer\n{self._console()}")

    def ask(self, command: str, **arguments: Any) -> Any:
        self._send(command, **arguments)
        try:
            answer = self._answer(ANSWER_TIMEOUT_S)
        except TimeoutError as error:
            raise StandsStill(f"no answer to {command}\n{self._console()}") from error
        assert "error" not in answer, answer
        return answer["return"]

    def _send(self, command: str, **arguments: Any) -> None:
        question = {"execute": command, **({"arguments": arguments} if arguments else {})}
        with suppress(BrokenPipeError):  # then there is no answer either
            self._socket.sendall(json.dumps(question).encode() + b"\n")

    def _answer(self, timeout: float) -> dict[str, Any]:
        """Until the agent has its serial line, the terminal there repeats what it is sent."""
        while "execute" in (found := json.loads(self._line(timeout))):
            pass
        return dict(found)

    def _line(self, timeout: float) -> bytes:
        self._socket.settimeout(timeout)
        while b"\n" not in self._pending:
            data = b""
            with suppress(ConnectionResetError):  # it ended before it had read what was sent
                data = self._socket.recv(1 << 16)
            if not data:
                raise StandsStill(f"the computer is gone\n{self._console()}")
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return line
