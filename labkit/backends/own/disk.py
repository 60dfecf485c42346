"""`qemu:disk=FILE`, and `ova=FILE`: a machine that boots a disk of the user's, never written.

What the machine writes goes into a temporary file, which QEMU removes (`snapshot=on`). Its first
serial port is the output; a system that is to be seen there has console=ttyS0 on its kernel's line.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from labkit.backends.base import Missing
from labkit.backends.instance import Instance, Meter
from labkit.backends.own import disk_file
from labkit.backends.own.instance import OwnInstance, Said
from labkit.backends.own.names import DISK, OWN, UNSUPPORTED
from labkit.backends.own.ready import held, read, try_port
from labkit.backends.qemu.backend import Machine, QemuBackend
from labkit.backends.qemu.command import CONSOLE, escaped, network_card
from labkit.backends.qemu.qmp import Qmp
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.guest.channel import Channel
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.ports import reserved_port
from labkit.system.process import wait_for

POWER_OFF_S = 30.0
TAKEN_S = 0.25


class OwnDiskBackend(QemuBackend):
    by_default = False
    publishes = False
    limits_disk = False
    about_s = 60.0
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **QemuBackend.settings,
        "bus": ("virtio", "ide"),
    }
    free: ClassVar[tuple[str, ...]] = (*DISK, *OWN)
    unsupported = UNSUPPORTED

    _disk: Path | None = None

    def missing(self) -> Missing | None:
        return disk_file.problem(self.chosen) or super().missing()

    def configuration(self) -> Mapping[str, str]:
        return {"own disk": disk_file.described(disk_file.place(self.chosen))}

    @contextmanager
    def saved_state(self, image: LabImage, limits: Limits) -> Iterator[None]:
        """The disk of an appliance (OVA) is unpacked once, before the first trial."""
        with disk_file.unpacked(disk_file.place(self.chosen)) as self._disk:
            yield

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        ready = read(self.chosen["ready"])
        with ExitStack() as stack:
            words = _drive(self._disk or disk_file.place(self.chosen), self.chosen["bus"])
            port = stack.enter_context(reserved_port())
            # Firmware and boot loader speak on the serial port, too.
            words += ["-machine", "graphics=off"]
            words += network_card(port, ready.port or 1, closed=False)
            machine = stack.enter_context(self.machine(image, limits, timeline, words))
            console = machine.sockets[CONSOLE].fileno()
            said = Said(Channel(console, console), timeline.clock, ready.pattern())
            stack.enter_context(said)
            reached = None
            if ready.port is not None:
                reached = partial(try_port, ready, port, partial(_taken, machine.qmp))
            meters = (Meter("qemu", "instance", (machine.process.pid,)),)
            yield OwnInstance(said, timeline, reached, lambda: meters, partial(end, machine))


def _drive(disk: Path, bus: str) -> list[str]:
    kind = disk_file.format_of(disk)
    return ["-drive", f"file={escaped(disk.absolute())},format={kind},if={bus},snapshot=on"]


def _taken(qmp: Qmp, connection: socket.socket) -> bool:
    """Whether the guest has taken it, by QEMU's list of connections."""
    asked = {"command-line": "info usernet"}
    return held(connection, lambda: str(qmp.execute("human-monitor-command", **asked)), TAKEN_S)


def end(machine: Machine, patience_s: float = 0.0) -> None:
    """Ends it by its power button; a system that does not react to that is switched off, after
    POWER_OFF_S, or a longer patience."""
    with suppress(BackendError):
        machine.qmp.execute("system_powerdown")
    if not wait_for(machine.process, max(POWER_OFF_S, patience_s)):
        with suppress(BackendError):
            machine.qmp.execute("quit")
        raise GuestTimeout("it did not end when its power button was pressed")
