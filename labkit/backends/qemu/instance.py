"""A machine of QEMU that runs: it is spoken to, saved and ended, and says why it failed."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path

from labkit.backends.instance import STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.qemu.qmp import Qmp
from labkit.backends.qemu.state import writing
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.guest.protocol import Session
from labkit.system.clock import wait_while_it_moves
from labkit.system.process import condition, last_lines

# How long a state on its way to a file may stand still.
SAVE_SILENCE_S = 30.0


class QemuInstance(Instance):
    def __init__(
        self,
        process: subprocess.Popen[bytes],
        qmp: Qmp,
        folder: Path,
        session: Session,
        timeline: Timeline,
    ) -> None:
        super().__init__(session, timeline)
        self._process = process
        self._qmp = qmp
        self._folder = folder

    def meters(self) -> tuple[Meter, ...]:
        return (Meter("qemu", "instance", (self._process.pid,)),)

    def wait_while_it_speaks(self, silence: float, most: float) -> None:
        """Waits until the agent is there. Each word on the console gives it `silence` seconds
        more, `most` in all: a busy computer is slow, and no proof that a guest hangs."""
        console = self._folder / "console.log"
        deadline = self._timeline.clock.now() + most
        while True:
            size = console.stat().st_size
            left = deadline - self._timeline.clock.now()
            try:
                return self.wait_ready(min(silence, left))
            except GuestTimeout:
                if left <= silence or console.stat().st_size == size:
                    raise

    def save(self, state: Path) -> None:
        """Stops the machine and writes its state to a file; it does not run on."""
        self._qmp.execute("stop")
        with writing(state) as way:
            self._qmp.give(way.descriptor, "state")
            self._qmp.execute("migrate", uri="fd:state")

            def done() -> bool:
                return self._qmp.status("query-migrate") in ("completed", "failed", "cancelled")

            wait_while_it_moves(done, way.position, silence=SAVE_SILENCE_S)
            status = self._qmp.status("query-migrate")
        if status != "completed":
            raise BackendError(
                f"QEMU did not save the machine's state ({status})", details=self._diagnosis()
            )

    def _wait_gone(self) -> None:
        """The guest has said goodbye: nothing of it is left to save, so the machine ends."""
        with suppress(BackendError):  # the guest's own power-off may come first
            self._qmp.execute("quit")
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise GuestTimeout("QEMU did not end") from None

    def _diagnosis(self) -> str:
        return f"{condition('QEMU', self._process)}\n{diagnose(self._folder)}"


def diagnose(folder: Path) -> str:
    """The end of QEMU's own output and of the guest's console."""
    output = _end_of(folder / "qemu.log")
    console = _end_of(folder / "console.log")
    parts = [f"QEMU said:\n{output}"] if output else []
    if console:
        parts.append(f"the console's last lines:\n{console}")
    else:
        parts.append("the guest's console is empty: its kernel has said nothing")
    return "\n".join(parts)


def _end_of(file: Path) -> str:
    with suppress(OSError):
        return last_lines(file.read_text(encoding="utf-8", errors="replace"), 30)
    return ""
