"""An instance of VirtualBox: a machine that runs, and its two serial ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from labkit.backends import serial_ports
from labkit.backends.instance import READY_TIMEOUT_S, STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.serial_ports import conversation
from labkit.backends.timeline import Timeline
from labkit.backends.virtualbox.diagnosis import diagnose, remedy
from labkit.backends.virtualbox.machine import Machine
from labkit.backends.virtualbox.process import MachineProcess, started
from labkit.backends.virtualbox.registry import room_needed
from labkit.errors import BackendError, GuestTimeout
from labkit.guest.channel import Channel
from labkit.guest.protocol import Session
from labkit.system.clock import wait_until

REFUSED_TIMEOUT_S = 4.0
POWER_OFF_S = 30.0


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

    def meters(self) -> tuple[Meter, ...]:
        return meters_of(self._process)

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


def meters_of(process: MachineProcess) -> tuple[Meter, ...]:
    found = [Meter("vm", "instance", (process.pid,))]
    if process.display_pid is not None:
        found.append(Meter("display", "helper", (process.display_pid,)))
    return tuple(found)


@contextmanager
def connected(
    machine: Machine, process: MachineProcess, timeline: Timeline, *, boots: bool
) -> Iterator[VirtualBoxInstance]:
    """The instance, once the started machine's serial ports answer. One that does not boot takes no
    such time."""
    files = machine.ports, machine.folder / "console.log"
    refused = partial(not_started, machine)
    with conversation(
        *files, timeline, alive=process.alive, refused=refused, boots=boots
    ) as session:
        patience_s = process.patience_s if boots else 0.0
        yield VirtualBoxInstance(machine, process, session, timeline, patience_s)


@contextmanager
def heard(machine: Machine, timeline: Timeline) -> Iterator[tuple[MachineProcess, Channel]]:
    """The machine without an agent, started, and the channel of its first serial port."""
    with ExitStack() as stack:
        with room_needed(machine.home):
            process = stack.enter_context(started(machine))
            port, refused = machine.ports / serial_ports.CONSOLE, partial(not_started, machine)
            line = serial_ports.connected(port, process.alive, refused)
            console = stack.enter_context(line).fileno()
        timeline.mark("started")
        yield process, Channel(console, console)


def end_by_button(machine: Machine, process: MachineProcess) -> None:
    """Ends it by its power button; a system that does not react to that is switched off."""

    def gone() -> bool:
        return wait_until(lambda: not process.alive(), timeout=POWER_OFF_S)

    with suppress(BackendError):  # it may have ended by itself
        machine.manage.press_power_button(name=machine.name)
    if not gone():
        with suppress(BackendError):
            machine.manage.power_off(name=machine.name)
        gone()
        raise GuestTimeout("it did not end when its power button was pressed")


def not_started(machine: Machine) -> BackendError:
    return BackendError(
        "VirtualBox did not start the machine",
        details=diagnose(machine),
        resolution=remedy(machine),
    )
