"""An instance of VirtualBox: a machine that runs, and its two serial ports."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import BinaryIO

from labkit.backends.base import READY_TIMEOUT_S, STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.vbox_diagnosis import diagnose, remedy
from labkit.backends.vbox_machine import Machine
from labkit.backends.vbox_process import MachineProcess
from labkit.channel import Channel
from labkit.errors import BackendError, GuestTimeout
from labkit.process import wait_until
from labkit.protocol import Session
from labkit.timeline import Timeline

CONNECT_TIMEOUT_S = 60.0


class VirtualBoxInstance(Instance):
    preparation_s = 240.0  # to fill a ballast, each of its pages is interpreted

    def __init__(
        self, machine: Machine, process: MachineProcess, session: Session, timeline: Timeline
    ) -> None:
        super().__init__(session, timeline)
        self._machine = machine
        self._process = process
        self._patience_s = process.patience_s

    def wait_ready(self, timeout: float = READY_TIMEOUT_S) -> None:
        """Where every instruction is interpreted, a boot takes most of a minute."""
        super().wait_ready(max(timeout, self._patience_s))

    def greet(self) -> None:
        """For a machine that was resumed: its agent has announced itself before it was saved."""
        self._patience_s = 0.0  # nothing is booted
        self._session.greet()

    def meters(self) -> tuple[Meter, ...]:
        found = [Meter("vm", "instance", (self._process.pid,))]
        if self._process.display_pid is not None:
            found.append(Meter("display", "helper", (self._process.display_pid,)))
        return tuple(found)

    def _wait_gone(self) -> None:
        """The guest has said goodbye: nothing of it is left to save, so the machine ends."""
        with suppress(BackendError):  # the guest's own power-off may come first
            self._machine.manage.power_off(name=self._machine.name)
        if not wait_until(lambda: not self._process.alive(), timeout=STOP_TIMEOUT_S):
            raise GuestTimeout("VirtualBox did not end the machine")

    def _diagnosis(self) -> str:
        return diagnose(self._machine)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            with super()._explained():
                yield
        except BackendError as error:
            error.resolution = error.resolution or remedy(self._machine)
            raise


@contextmanager
def connected(
    machine: Machine, process: MachineProcess, timeline: Timeline
) -> Iterator[VirtualBoxInstance]:
    """The instance, once the started machine's serial ports answer."""
    with ExitStack() as stack:
        console = stack.enter_context(_connect(machine, process, "console"))
        agent = stack.enter_context(_connect(machine, process, "agent"))
        timeline.mark("started")
        log = stack.enter_context((machine.folder / "console.log").open("ab", buffering=0))
        watch = {console.fileno(): _listener(log, timeline)}
        channel = Channel(agent.fileno(), agent.fileno(), watch=watch)
        yield VirtualBoxInstance(machine, process, Session(channel, timeline.clock), timeline)


def _listener(log: BinaryIO, timeline: Timeline) -> Callable[[bytes], None]:
    """What is done with what the console says."""

    def listen(data: bytes) -> None:
        timeline.mark("kernel")
        with suppress(OSError):  # a full disk must not end the machine
            log.write(data)

    return listen


def _connect(machine: Machine, process: MachineProcess, port: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def answers() -> bool:
        with suppress(OSError):
            connection.connect(str(machine.folder / port))
            return True
        return not process.alive()

    wait_until(answers, timeout=CONNECT_TIMEOUT_S, interval=0.01)
    try:
        connection.getpeername()
    except OSError:
        connection.close()
        raise BackendError(
            "VirtualBox did not start the machine",
            details=diagnose(machine),
            resolution=remedy(machine),
        ) from None
    return connection
