"""QEMU's control socket, by QEMU's own client library, from code that is not asynchronous.

The library wants an event loop; JupyterLab's thread already runs one, so ours has a thread.
Protocol: the QEMU Machine Protocol, docs/interop/qmp-spec.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from qemu.qmp import QMPClient, QMPError

from labkit.errors import BackendError

T = TypeVar("T")
TIMEOUT_S = 10.0
GREETING_TIMEOUT_S = 25.0  # QEMU greets when it has made the machine


class Qmp:
    """A connection to one machine, at the other end of a socket. close() ends the connection and
    its thread."""

    def __init__(self, connection: socket.socket) -> None:
        # The library logs what it also raises; a machine that is gone is no news for a terminal.
        logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client = QMPClient("labkit")
        try:
            self._wait(self._client.connect(connection), "connect", GREETING_TIMEOUT_S)
        except BaseException:
            self._end_loop()
            raise

    def execute(self, command: str, **arguments: object) -> object:
        """Runs a command of the protocol and returns its answer."""
        return self._wait(self._client.execute(command, dict(arguments) or None), command)

    def give(self, descriptor: int, name: str) -> None:
        """Hands QEMU an open file, which it knows by this name from then on."""
        self._wait(self._send(descriptor), "send a descriptor")
        self.execute("getfd", fdname=name)

    def status(self, query: str = "query-status") -> str:
        """The status that a query of the protocol answers with; empty before there is one."""
        answer = self.execute(query)
        return str(answer.get("status", "")) if isinstance(answer, dict) else ""

    def close(self) -> None:
        try:
            self._wait(self._client.disconnect(), "disconnect")
        except BackendError:
            pass  # the machine went first
        finally:
            self._end_loop()

    async def _send(self, descriptor: int) -> None:
        self._client.send_fd_scm(descriptor)

    def _wait(self, action: Coroutine[Any, Any, T], what: str, timeout: float = TIMEOUT_S) -> T:
        future = asyncio.run_coroutine_threadsafe(action, self._loop)
        try:
            return future.result(timeout)
        except (QMPError, OSError, EOFError, TimeoutError, asyncio.CancelledError) as error:
            future.cancel()
            raise BackendError(
                f"QEMU's control socket failed at {what!r}", details=str(error)
            ) from error

    def _end_loop(self) -> None:
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_others_end(), self._loop).result(TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT_S)
        self._loop.close()


async def _others_end() -> None:
    """Waits for what was cancelled: the library disconnects in its own time."""
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others, timeout=1.0)
