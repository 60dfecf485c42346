"""Backend `virtualbox`: a machine that boots the lab image's ISO, all through VBoxManage.

The agent speaks on the second serial port; the first is the kernel's console. Two engines: with
VirtualBox's kernel driver an ordinary headless start (vbox-hm); without it, VirtualBox interprets
every instruction by itself (vbox-recompiler), and its program wants a display: a virtual one.
CPU limit: one virtual processor, since the boot medium is made for one; memory: the guest's RAM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from labkit.backends import vbox_installation as places
from labkit.backends import vbox_leftovers, vbox_registry
from labkit.backends.base import Backend, Instance, Meter, Missing
from labkit.backends.vbox_installation import Installation, find_installation
from labkit.backends.vbox_instance import VirtualBoxInstance, connected
from labkit.backends.vbox_machine import Machine, registered
from labkit.backends.vbox_process import started
from labkit.image import LabImage
from labkit.process import as_root, run, scratch_folder
from labkit.records import Engine, Limits
from labkit.timeline import Timeline

FIX = as_root("setup virtualbox")


class VirtualBoxBackend(Backend):
    name = "virtualbox"
    family = "host-virtualization"
    about_s = 45.0
    publishes = True
    sweeps_files = True

    def __init__(
        self, installation: Installation | None = None, engine: Engine | None = None
    ) -> None:
        """Without these, what this computer has and can do decides."""
        self._given = installation
        self._engine = engine
        self._version = ""

    def missing(self) -> Missing | None:
        found = self._installation()
        if found is None:
            return Missing("VirtualBox (VBoxManage) is not installed", FIX)
        if self.engine(None) == "vbox-recompiler":
            for program in (places.MACHINE, places.DISPLAY):
                if not found.has(program):
                    reason = places.driver_refusal() or "VirtualBox is to run without its driver"
                    return Missing(f"{reason}, and {program}, which does without, is missing", FIX)
        return None

    def version(self) -> str:
        if not self._version:
            installation = self._installation() or Installation()
            with scratch_folder() as home:
                printed = run(installation.argv(home, places.MANAGE, "--version")).stdout
            self._version = printed.strip().rpartition("\n")[2]  # warnings come before it
        return f"VirtualBox {self._version}"

    def engine(self, image: LabImage | None) -> Engine:
        if self._engine is None:
            self._engine = "vbox-hm" if places.driver_refusal() is None else "vbox-recompiler"
        return self._engine

    def notes(self, image: LabImage | None) -> tuple[str, ...]:
        if self.engine(image) == "vbox-hm":
            return ("engine vbox-hm: VirtualBox's kernel driver is there",)
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
            Meter(name, "services", tuple(pids)) for name, pids in vbox_registry.services().items()
        )

    def sweep(self, abandoned: Callable[[str], bool]) -> list[str]:
        return vbox_leftovers.sweep(abandoned)

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
        installation = self._installation() or Installation()
        return registered(installation, self.engine(image), image, limits)

    @contextmanager
    def _started(
        self, machine: Machine, timeline: Timeline, *, boots: bool = True
    ) -> Iterator[VirtualBoxInstance]:
        with ExitStack() as stack:
            with vbox_registry.room_needed(machine.home):
                process = stack.enter_context(started(machine))
                instance = stack.enter_context(connected(machine, process, timeline, boots=boots))
                instance.port = machine.port
            yield instance
