"""`virtualbox:distribution=booted`: boot medium and disk of `qemu:distribution=booted`, in a
machine of VirtualBox; what it writes goes into a file of the machine's own (`immutable`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import ClassVar

from labkit.backends.base import Missing
from labkit.backends.distribution import login
from labkit.backends.distribution.login import BOOTED, READY, LoginInstance
from labkit.backends.distribution.machine import PATIENCE_S, announced, facts
from labkit.backends.instance import Instance
from labkit.backends.own.instance import Said
from labkit.backends.own.names import UNSUPPORTED
from labkit.backends.own.ready import read
from labkit.backends.timeline import Timeline
from labkit.backends.virtualbox.backend import VirtualBoxBackend
from labkit.backends.virtualbox.instance import end_by_button, heard, meters_of
from labkit.image import LabImage, distribution
from labkit.recordings.facts import Limits
from labkit.recordings.words import SLOW_ENGINES

INTERPRETED = Missing(
    "without its kernel driver VirtualBox interprets each instruction: systemd waits 90 s for a "
    "device or a service, and a whole Debian needs far longer there",
    "load its kernel driver (modprobe vboxdrv), on a computer with hardware virtualization",
)


class DistributionVirtualBoxBackend(VirtualBoxBackend):
    by_default = False
    publishes = False
    about_s = 40.0
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "distribution": (BOOTED,),
        "ready": (READY,),
    }
    unsupported = UNSUPPORTED

    def missing(self) -> Missing | None:
        if (found := super().missing() or login.missing(self.name)) is not None:
            return found
        return INTERPRETED if self.engine(None) in SLOW_ENGINES else None

    def prepare(self, image: LabImage) -> None:
        distribution.build(progress=self.progress)

    def configuration(self) -> Mapping[str, str]:
        return facts()

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        found = login.made()
        bits = replace(image, iso=found.boot_medium, disk=found.disk)
        with ExitStack() as stack:
            machine = stack.enter_context(self._machine(bits, limits))
            timeline.mark("created")
            process, channel = stack.enter_context(heard(machine, timeline))
            pattern = read(READY).pattern()
            said = stack.enter_context(Said(channel, timeline.clock, pattern, announced(timeline)))
            meters, end = partial(meters_of, process), partial(end_by_button, machine, process)
            yield LoginInstance(said, timeline, meters, end, patience_s=PATIENCE_S)
