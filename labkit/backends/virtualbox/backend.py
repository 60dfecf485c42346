"""Backend `virtualbox`: a machine that boots the lab image's ISO, all through VBoxManage.

The agent speaks on the second serial port; the first is the kernel's console. Two engines: with
VirtualBox's kernel driver an ordinary headless start (vbox-hm); without it, VirtualBox interprets
every instruction by itself (vbox-recompiler), and its program wants a display: a virtual one.
CPU limit: one virtual processor, since the boot medium is made for one; memory: the guest's RAM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import ClassVar

from labkit.backends import boot_medium
from labkit.backends.base import Backend, Missing
from labkit.backends.exclusion import kept_by_kvm
from labkit.backends.instance import Instance, Meter
from labkit.backends.timeline import Timeline
from labkit.backends.virtualbox import installation as places
from labkit.backends.virtualbox import leftovers, registry
from labkit.backends.virtualbox.installation import Installation, find_installation
from labkit.backends.virtualbox.instance import VirtualBoxInstance, connected
from labkit.backends.virtualbox.machine import Machine, registered
from labkit.backends.virtualbox.process import started
from labkit.backends.virtualbox.settings import configure
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import FORMATS, Engine
from labkit.system.owner_marks import scratch_folder
from labkit.system.ownership import Judge
from labkit.system.process import as_root, run


class VirtualBoxBackend(Backend):
    name = "virtualbox"
    family = "host-virtualization"
    about_s = 45.0
    publishes = True
    sweeps_files = True
    unsupported: ClassVar[Mapping[str, str]] = {
        FORMATS: "its scratch disk is always a VDI: with a VMDK a machine may not end, with a VHD "
        "it does not stand still when the host's disk is full, and raw files want a VMDK, too"
    }

    def __init__(
        self,
        installation: Installation | None = None,
        engine: Engine | None = None,
        *,
        variation: Mapping[str, str] | None = None,
    ) -> None:
        """Without these, what this computer has and can do decides."""
        super().__init__(variation=variation)
        self._given = installation
        self._engine = engine
        self._version = ""

    def missing(self) -> Missing | None:
        if (refused := boot_medium.refused()) is not None:
            return refused
        found = self._installation()
        if found is None:
            return places.absent()
        if self.engine(None) == "vbox-hm" and (reason := places.page_tables_refusal()):
            return Missing(reason, "start Linux with no5lvl, see its kernel-parameters.txt")
        if self.engine(None) == "vbox-recompiler":
            for program in (places.MACHINE, places.DISPLAY):
                if not found.has(program):
                    reason = places.driver_refusal() or "VirtualBox is to run without its driver"
                    return Missing(
                        f"{reason}, and {program}, which does without, is missing",
                        as_root("setup virtualbox"),
                    )
        return None

    def version(self) -> str:
        if not self._version:
            installation = self._installation() or Installation()
            with scratch_folder() as home:
                try:
                    printed = run(installation.argv(home, places.MANAGE, "--version")).stdout
                finally:
                    leftovers.discard_mount_point(home)
            self._version = printed.strip().rpartition("\n")[2]  # warnings come before it
        return f"VirtualBox {self._version}"

    def engine(self, image: LabImage | None) -> Engine:
        if self._engine is None:
            self._engine = "vbox-hm" if places.driver_refusal() is None else "vbox-recompiler"
        return self._engine

    def notes(self, image: LabImage | None) -> tuple[str, ...]:
        if self.engine(image) == "vbox-hm":
            told = "engine vbox-hm: VirtualBox's kernel driver is there"
            kept = "; KVM is loaded and keeps the processor's extension, which may turn it away"
            return (told + (kept if kept_by_kvm() else ""),)
        return (
            f"engine vbox-recompiler (each instruction is interpreted): {places.driver_refusal()}; "
            "with the driver (package virtualbox-dkms, then: modprobe vboxdrv) on a computer with "
            "hardware virtualization a machine is some hundred times faster",
        )

    def about_ballast_s(self, mib: int) -> float:
        """Each page is interpreted: half a minute for each 64 MiB."""
        return mib * 0.5 if self.engine(None) == "vbox-recompiler" else 0.0

    def services(self) -> tuple[Meter, ...]:
        return tuple(
            Meter(name, "services", tuple(pids)) for name, pids in registry.services().items()
        )

    def sweep(self, judge: Judge) -> list[str]:
        return leftovers.sweep(judge)

    def _installation(self) -> Installation | None:
        return self._given or find_installation()

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with self._machine(image, limits) as machine:
            timeline.mark("created")
            with self._started(machine, timeline) as instance:
                yield instance

    def _machine(self, image: LabImage, limits: Limits) -> AbstractContextManager[Machine]:
        """A registered machine, configured, that does not run yet."""
        boot_medium.check_processors(limits, "VirtualBox")
        made = partial(configure, image=image, limits=limits)
        return self._registered(made, network=limits.network)

    def _registered(
        self, made: Callable[[Machine], None], *, network: bool
    ) -> AbstractContextManager[Machine]:
        installation = self._installation() or Installation()
        return registered(installation, self.engine(None), made, network=network)

    @contextmanager
    def _started(
        self, machine: Machine, timeline: Timeline, *, boots: bool = True
    ) -> Iterator[VirtualBoxInstance]:
        with ExitStack() as stack:
            with registry.room_needed(machine.home):
                process = stack.enter_context(started(machine))
                instance = stack.enter_context(connected(machine, process, timeline, boots=boots))
                instance.port = machine.port
            yield instance
