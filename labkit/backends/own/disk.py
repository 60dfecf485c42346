"""`qemu:disk=FILE`, and `ova=FILE`: a machine that boots a disk of the user's, never written.

What the machine writes goes into a temporary file, which QEMU removes (`snapshot=on`). Its first
serial port is the output; a system that is to be seen there has console=ttyS0 on its kernel's line.
Of a cloud image, `seed=nocloud` is what it looks for beside its disk (seed.py), or `seed=FILE`.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar

from labkit.backends.base import Missing
from labkit.backends.instance import Instance, Meter
from labkit.backends.own import disk_file, seed
from labkit.backends.own.instance import OwnInstance, Said
from labkit.backends.own.names import DISK, OWN, UNSUPPORTED
from labkit.backends.own.ready import held, read, try_port
from labkit.backends.qemu.backend import ENGINES, Machine, QemuBackend
from labkit.backends.qemu.command import CONSOLE, escaped, network_card
from labkit.backends.qemu.qmp import Qmp
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.guest.channel import Channel
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.owner_marks import scratch_folder
from labkit.system.ports import reserved_port
from labkit.system.process import wait_for

POWER_OFF_S = 30.0
TAKEN_S = 0.25
# What a kernel says, or a system on it; firmware and boot loader speak without any setting.
KERNEL = re.compile(r"Linux version |^\[ *\d+\.\d+\] |\[ *[A-Z]+ *\] |login:", re.MULTILINE)
UNHEARD = (
    "no line of a kernel is in it: one that is to be heard on the first serial port has "
    "console=ttyS0 on its command line, and not quiet"
)


class OwnDiskBackend(QemuBackend):
    by_default = False
    publishes = False
    limits_disk = False
    about_s = 60.0
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **ENGINES,
        "bus": ("virtio", "ide"),
    }
    free: ClassVar[tuple[str, ...]] = (*DISK, "seed", *OWN)
    unsupported = UNSUPPORTED

    _disk: Path | None = None

    def missing(self) -> Missing | None:
        asked = self.chosen.get("seed")
        return (
            disk_file.problem(self.chosen)
            or (seed.problem(asked) if asked else None)
            or super().missing()
        )

    def prepare(self, image: LabImage) -> None:
        if self.chosen.get("seed") == seed.NOCLOUD:
            self._medium  # noqa: B018  so that no start makes it

    def configuration(self) -> Mapping[str, str]:
        asked = self.chosen.get("seed")
        seeded = {seed.FACT: seed.described(asked)} if asked else {}
        return {"own disk": disk_file.described(disk_file.place(self.chosen)), **seeded}

    @cached_property
    def _medium(self) -> bytes:
        return seed.medium()

    def _seed(self, stack: ExitStack) -> list[str]:
        """The second disk, which is only read, on the bus of the first: a cloud's kernel may have
        drivers for no other. IDE knows no disk that cannot be written, but a CD."""
        if (asked := self.chosen.get("seed")) is None:
            return []
        file, bus = seed.place(asked), self.chosen["bus"]
        if asked == seed.NOCLOUD:
            file = stack.enter_context(scratch_folder()) / "seed.iso"
            file.write_bytes(self._medium)
        kind = ",media=cdrom" if bus == "ide" else ""
        drive = f"file={escaped(file.absolute())},format=raw,if={bus},readonly=on{kind}"
        return ["-drive", drive]

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
            words += self._seed(stack)
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
            yield OwnMachine(said, timeline, reached, lambda: meters, partial(end, machine))


class OwnMachine(OwnInstance):
    def _diagnosis(self) -> str:
        told = super()._diagnosis()
        return told if KERNEL.search(self._said.text()) else f"{told}\n{UNHEARD}"


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
