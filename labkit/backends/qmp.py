"""QEMU's control socket, by QEMU's own client library, from code that is not asynchronous.

The library wants an event loop; JupyterLab's thread already runs one, so ours has a thread.
Protocol: the QEMU Machine Protocol, docs/interop/qmp-spec.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from qemu.qmp import ConnectError, QMPClient, QMPError

from labkit.errors import BackendError

T = TypeVar("T")
TIMEOUT_S = 10.0
REFUSALS, REFUSED_S = 400, 0.005


class Qmp:
    """A connection to one machine. close() ends the connection and its thread."""

    def __init__(self, path: Path) -> None:
        # The library logs what it also raises; a machine that is gone is no news for a terminal.
        logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client = QMPClient("labkit")
        try:
            self._wait(self._connect(path), "connect")
        except BaseException:
            self._end_loop()
            raise

    def execute(self, command: str, **arguments: object) -> object:
        """Runs a command of the protocol and returns its answer."""
        return self._wait(self._client.execute(command, dict(arguments) or None), command)

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

    async def _connect(self, path: Path) -> None:
        """A socket's file is there a moment before its owner listens: bind(2), then listen(2)."""
        for refusals_left in reversed(range(REFUSALS)):
            try:
                await self._client.connect(str(path))
                break
            except ConnectError as error:
                if not (isinstance(error.exc, ConnectionRefusedError) and refusals_left):
                    raise
                await asyncio.sleep(REFUSED_S)

    def _wait(self, action: Coroutine[Any, Any, T], what: str) -> T:
        future = asyncio.run_coroutine_threadsafe(action, self._loop)
        try:
            return future.result(TIMEOUT_S)
        except (QMPError, OSError, EOFError, TimeoutError, asyncio.CancelledError) as error:
            future.cancel()
            raise BackendError(
                f"QEMU's control socket failed at {what!r}", details=str(error)
            ) from error

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT_S)
        self._loop.close()
