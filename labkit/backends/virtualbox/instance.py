"""An instance of VirtualBox: a machine that runs, and its two serial ports."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from labkit.backends.base import READY_TIMEOUT_S, STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.timeline import Timeline
from labkit.backends.virtualbox.diagnosis import diagnose, remedy
from labkit.backends.virtualbox.machine import Machine
from labkit.backends.virtualbox.process import MachineProcess
from labkit.backends.virtualbox.settings import AGENT, CONSOLE
from labkit.errors import BackendError, GuestTimeout
from labkit.guest.channel import Channel
from labkit.guest.protocol import Session
from labkit.system.clock import wait_until

CONNECT_TIMEOUT_S = 60.0
REFUSED_TIMEOUT_S = 4.0


class VirtualBoxInstance(Instance):
    # To fill a ballast and to give it back, each of its pages is interpreted.
    preparation_s = 240.0
    goodbye_s = 120.0

    def __init__(
        self,
        machine: Machine,
        process: MachineProcess,
        session: Session,
        timeline: Timeline,
        patience_s: float,
    ) -> None:
        super().__init__(session, timeline)
        self._machine = machine
        self._process = process
        self._patience_s = patience_s

    def wait_ready(self, timeout: float = READY_TIMEOUT_S) -> None:
        """Where every instruction is interpreted, a boot takes most of a minute."""
        super().wait_ready(max(timeout, self._patience_s))

    def greet(self) -> None:
        """For a machine that was resumed: its agent has announced itself before it was saved."""
        self._session.greet()

    def meters(self) -> tuple[Meter, ...]:
        found = [Meter("vm", "instance", (self._process.pid,))]
        if self._process.display_pid is not None:
            found.append(Meter("display", "helper", (self._process.display_pid,)))
        return tuple(found)

    def _wait_gone(self) -> None:
        """The guest has said goodbye: nothing of it is left to save, so the machine ends."""
        refusal, patience_s = "", STOP_TIMEOUT_S
        try:
            self._machine.manage.power_off(name=self._machine.name)
        except BackendError as error:  # the guest's own power-off may have come first
            refusal = f"VBoxSVC, which may have died meanwhile, said: {error.details}"
            patience_s = REFUSED_TIMEOUT_S
        if not wait_until(lambda: not self._process.alive(), timeout=patience_s):
            raise GuestTimeout("VirtualBox did not end the machine", details=refusal)

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
    machine: Machine, process: MachineProcess, timeline: Timeline, *, boots: bool
) -> Iterator[VirtualBoxInstance]:
    """The instance, once the started machine's serial ports answer. One that does not boot has no
    milestone `kernel`, whatever its kernel says later, and takes no such time."""
    with ExitStack() as stack:
        console = stack.enter_context(_connect(machine, process, CONSOLE))
        agent = stack.enter_context(_connect(machine, process, AGENT))
        timeline.mark("started")
        log = stack.enter_context((machine.folder / "console.log").open("ab", buffering=0))

        def on_console(data: bytes) -> None:
            if boots:
                timeline.mark("kernel")
            with suppress(OSError):  # a full disk must not end the machine
                log.write(data)

        channel = Channel(agent.fileno(), agent.fileno(), watch={console.fileno(): on_console})
        session = Session(channel, timeline.clock)
        patience_s = process.patience_s if boots else 0.0
        yield VirtualBoxInstance(machine, process, session, timeline, patience_s)


def _connect(machine: Machine, process: MachineProcess, port: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def answers() -> bool:
        with suppress(OSError):
            connection.connect(str(machine.ports / port))
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
