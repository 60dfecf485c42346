"""`virtualbox:disk=FILE`, and `ova=FILE`: a machine of VirtualBox that boots a disk of the user's.

VirtualBox would write into the user's file: an identifier into a VMDK that has none, a note that a
VDI was opened. So the disk is read once, before the first trial, into a VDI of the lab's own, by
qemu-img(1), which knows all formats. Trials share that one (`immutable`): what a machine writes
goes into a file of its own.
"""

from __future__ import annotations

import itertools
import shlex
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

from labkit.backends import boot_medium
from labkit.backends.base import Missing
from labkit.backends.instance import Instance
from labkit.backends.own import disk_file
from labkit.backends.own.instance import OwnInstance, Said
from labkit.backends.own.names import DISK, OWN, UNSUPPORTED, short
from labkit.backends.own.ready import Ready, held, read, try_port
from labkit.backends.qemu.disk_format import IMAGER
from labkit.backends.timeline import Timeline
from labkit.backends.virtualbox import registry
from labkit.backends.virtualbox.backend import VirtualBoxBackend
from labkit.backends.virtualbox.diagnosis import diagnose
from labkit.backends.virtualbox.instance import end_by_button, heard, meters_of
from labkit.backends.virtualbox.machine import Machine
from labkit.backends.virtualbox.manage import MAKE_ROOM
from labkit.backends.virtualbox.settings import modify, settings
from labkit.errors import BackendError, CommandError, NoRoom
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import SLOW_ENGINES
from labkit.system import owned_files, refusals
from labkit.system.ports import LOOPBACK
from labkit.system.process import as_root, find_tool, run
from labkit.system.telling import tell

CONVERT_S = 3600.0
# How long a guest may take to take a connection, and after which pauses that is looked at: a
# program is started for each look, which costs a tenth of a second, and an interpreted guest time.
TAKEN_S, LOOK_S = 0.2, 0.1
TAKEN_SLOWLY_S, LOOK_SLOWLY_S = 3.0, 1.0
LISTED = "Protocol[State]"
INTERPRETED = "without its driver it interprets them one after the other"
BUSES = {"sata": "IntelAhci", "ide": "PIIX4"}
CARDS = {"e1000": "82540EM", "virtio": "virtio"}

_numbers = itertools.count(1)


class OwnVirtualBoxBackend(VirtualBoxBackend):
    by_default = False
    publishes = False
    about_s = 60.0
    # As VirtualBox itself makes a machine, unless something else is named.
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {"bus": (*BUSES,), "card": (*CARDS,)}
    free: ClassVar[tuple[str, ...]] = (*DISK, *OWN)
    unsupported = UNSUPPORTED

    _disk: Path | None = None  # the lab's own VDI

    def missing(self) -> Missing | None:
        if (found := disk_file.problem(self.chosen) or super().missing()) is not None:
            return found
        if find_tool(IMAGER) is None:
            return Missing(
                f"{IMAGER}, which reads the disk for VirtualBox, is not installed",
                as_root(f"setup {shlex.quote(short(self.name))}"),
            )
        return None

    def configuration(self) -> Mapping[str, str]:
        return {"own disk": disk_file.described(disk_file.place(self.chosen))}

    @contextmanager
    def saved_state(self, image: LabImage, limits: Limits) -> Iterator[None]:
        """The disk is read once, before the first trial, and that is no part of a start."""
        begin = time.monotonic()
        with ExitStack() as stack:
            home = stack.enter_context(registry.registry())
            disk = home / f"own-{next(_numbers)}.vdi"
            stack.callback(owned_files.discard, disk)
            with disk_file.unpacked(disk_file.place(self.chosen)) as source:
                _convert(source, disk)
            if self.progress:
                took = f"{time.monotonic() - begin:.1f} s"
                told = f"{self.name}: its disk was read into a VDI in {took}: no part of a start"
                tell(told)
            self._disk = disk
            yield

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        ready, disk = read(self.chosen["ready"]), self._disk
        if disk is None:
            raise BackendError("the disk was not read before the first trial")
        if self.engine(None) in SLOW_ENGINES:
            boot_medium.check_processors(limits, "VirtualBox", why=INTERPRETED)
        with ExitStack() as stack:
            made = partial(self._configure, limits=limits, ready=ready, disk=disk)
            found = self._registered(made, network=ready.port is not None)
            machine = stack.enter_context(found)
            timeline.mark("created")
            process, channel = stack.enter_context(heard(machine, timeline))
            said = stack.enter_context(Said(channel, timeline.clock, ready.pattern()))
            reached = None
            if machine.port is not None:
                reached = partial(try_port, ready, machine.port, partial(_taken, machine))
            meters, end = partial(meters_of, process), partial(end_by_button, machine, process)
            yield OwnInstance(
                *(said, timeline, reached, meters, end),
                patience_s=process.patience_s,
                diagnose=partial(diagnose, machine),
            )

    def _configure(self, machine: Machine, limits: Limits, ready: Ready, disk: Path) -> None:
        words = settings(machine.engine, limits, machine.ports)
        words = {key: value for key, value in words.items() if not key.endswith("uart2")}
        words.pop("uartmode2", None)
        words["boot1"] = ("disk",)
        if machine.engine not in SLOW_ENGINES:
            words["ioapic"] = ("on",)
        if machine.port is not None:
            forward = f"own,tcp,{LOOPBACK},{machine.port},,{ready.port}"
            card = CARDS[self.chosen["card"]]
            words |= {"nic1": ("nat",), "nictype1": (card,), "natpf1": (forward,)}
        modify(machine, words)
        bus = self.chosen["bus"]
        name, kind = machine.name, BUSES[bus]
        machine.manage.add_controller(name=name, controller="own", bus=bus, kind=kind)
        machine.manage.attach(
            name=name, controller="own", kind="hdd", medium=disk, mode="immutable"
        )


def _convert(source: Path, target: Path) -> None:
    kind = disk_file.format_of(source)
    words = [IMAGER, "convert", "-f", kind, "-O", "vdi", str(source.absolute()), str(target)]
    try:
        run(words, timeout=CONVERT_S)
    except CommandError as error:
        if refusals.is_full(target.parent):
            raise NoRoom(
                f"there is no room for a copy of the disk in {target.parent.parent}",
                details=error.details,
                resolution=MAKE_ROOM,
            ) from error
        raise BackendError(
            "the disk cannot be read: it is damaged, encrypted, or in use",
            details=error.details,
            resolution=f"qemu-img check -f {kind} FILE tells more; or name a copy of it",
        ) from error


def _taken(machine: Machine, connection: socket.socket) -> bool:
    """Whether the guest has taken it, by VirtualBox's list of connections."""

    def listed() -> str:
        told = machine.manage.connections(name=machine.name)
        if LISTED not in told:
            raise BackendError(
                "whether a program inside takes connections cannot be told",
                details="this VirtualBox takes each one by itself, and does not list them",
                resolution="say ready=console:TEXT or ready=line:TEXT, or install VirtualBox 7.1",
            )
        return told

    slow = machine.engine in SLOW_ENGINES
    times = (TAKEN_SLOWLY_S, LOOK_SLOWLY_S) if slow else (TAKEN_S, LOOK_S)
    return held(connection, listed, *times, first=times[1])
