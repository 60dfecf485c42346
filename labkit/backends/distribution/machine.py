"""`qemu:distribution=booted`: a machine that boots the distribution as a computer does: firmware, a
boot loader on a CD, Debian's own kernel and its initramfs, the root on a disk, systemd. What it
writes goes into a temporary file (`snapshot=on`): the disk itself is never written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import ClassVar

from labkit.backends.base import Missing
from labkit.backends.distribution import login
from labkit.backends.distribution.login import BOOTED, READY, LoginInstance
from labkit.backends.instance import Instance, Meter
from labkit.backends.own.disk import OwnDiskBackend, end
from labkit.backends.own.instance import Said
from labkit.backends.own.ready import read
from labkit.backends.qemu.backend import ENGINES, QemuBackend
from labkit.backends.qemu.command import CONSOLE, escaped
from labkit.backends.timeline import Timeline
from labkit.guest.channel import Channel
from labkit.image import LabImage, distribution
from labkit.image.distribution import COMMAND_LINE, Distribution
from labkit.recordings.facts import Limits

PATIENCE_S = 900.0  # emulated, on a computer that is busy with other things
SHUTDOWN_S = 300.0
BANNER = b"Linux version "  # a kernel's first line


class DistributionDiskBackend(OwnDiskBackend):
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "distribution": (BOOTED,),
        **ENGINES,
        "ready": (READY,),
    }
    free = ()

    def missing(self) -> Missing | None:
        return QemuBackend.missing(self) or login.missing(self.name)

    def prepare(self, image: LabImage) -> None:
        distribution.build(progress=self.progress)

    def configuration(self) -> Mapping[str, str]:
        return facts()

    @contextmanager
    def saved_state(self, image: LabImage, limits: Limits) -> Iterator[None]:
        yield  # there is nothing to unpack

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with self.machine(image, limits, timeline, _disks(login.made())) as machine:
            console = machine.sockets[CONSOLE].fileno()
            channel, pattern = Channel(console, console), read(READY).pattern()
            with Said(channel, timeline.clock, pattern, announced(timeline)) as said:
                meters = (Meter("qemu", "instance", (machine.process.pid,)),)
                stop = partial(end, machine, SHUTDOWN_S)
                yield LoginInstance(said, timeline, lambda: meters, stop, patience_s=PATIENCE_S)


def announced(timeline: Timeline) -> Callable[[float, bytes], None]:
    """Marks `kernel` when a machine's console has its first line."""

    def heard(at: float, text: bytes) -> None:
        if BANNER in text:
            timeline.mark("kernel", at)

    return heard


def facts() -> dict[str, str]:
    """What a manifest says of a machine that boots it."""
    found = login.made()
    told = {"kernel": found.kernel_version, "kernel command line": COMMAND_LINE}
    return {**login.facts(found), **told}


def _disks(found: Distribution) -> list[str]:
    """Firmware and boot loader speak on the serial port, too (graphics=off)."""
    root, boot = escaped(found.disk), escaped(found.boot_medium)
    return [
        *("-machine", "graphics=off"),
        *("-drive", f"file={root},if=none,id=root,format=raw,snapshot=on"),
        *("-device", "nvme,drive=root,serial=labkit"),
        *("-drive", f"file={boot},media=cdrom,format=raw,readonly=on"),
    ]
