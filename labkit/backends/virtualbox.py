"""Backend `virtualbox`: a machine that boots the lab image's ISO, all through VBoxManage.

The agent speaks on the second serial port; the first is the kernel's console. Two engines: with
VirtualBox's kernel driver an ordinary headless start (vbox-hm); without it, VirtualBox interprets
every instruction by itself (vbox-recompiler), and its program wants a display: a virtual one.
CPU limit: one virtual processor, since the boot medium is made for one; memory: the guest's RAM.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from labkit.backends import vbox_installation as places
from labkit.backends import vbox_registry
from labkit.backends.base import (
    READY_TIMEOUT_S,
    STOP_TIMEOUT_S,
    Backend,
    Instance,
    Meter,
    Missing,
)
from labkit.backends.vbox_installation import Installation, find_installation
from labkit.backends.vbox_machine import OS_TYPE, make_machine, place_iso
from labkit.backends.vbox_manage import VBoxManage
from labkit.backends.vbox_process import MachineProcess, start_driverless, start_headless
from labkit.channel import Channel
from labkit.errors import BackendError, GuestTimeout, LabError
from labkit.image import LabImage
from labkit.ports import reserved_port
from labkit.process import as_root, last_lines, owner, run, scratch_folder, wait_until
from labkit.protocol import Session
from labkit.records import Engine, Limits
from labkit.timeline import Timeline

FIX = as_root("setup virtualbox")
CONNECT_TIMEOUT_S = 60.0

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Machine:
    """A registered machine and what is needed to speak of it."""

    installation: Installation
    engine: Engine
    home: Path
    folder: Path
    manage: VBoxManage
    name: str
    port: int | None = None


class VirtualBoxInstance(Instance):
    def __init__(
        self,
        machine: MachineProcess,
        power_off: Callable[[], None],
        diagnose: Callable[[], str],
        session: Session,
        timeline: Timeline,
    ) -> None:
        super().__init__(session, timeline)
        self._machine = machine
        self._power_off = power_off
        self._diagnose = diagnose

    def wait_ready(self, timeout: float = READY_TIMEOUT_S) -> None:
        """Where every instruction is interpreted, a start takes most of a minute."""
        super().wait_ready(max(timeout, self._machine.patience_s))

    def greet(self) -> None:
        """For a machine that was resumed: its agent has announced itself before it was saved."""
        self._session.greet()

    def meters(self) -> tuple[Meter, ...]:
        found = [Meter("vm", "instance", (self._machine.pid,))]
        if self._machine.display_pid is not None:
            found.append(Meter("display", "helper", (self._machine.display_pid,)))
        return tuple(found)

    def _wait_gone(self) -> None:
        """The guest has said goodbye: nothing of it is left to save, so the machine ends."""
        with suppress(BackendError):  # the guest's own power-off may come first
            self._power_off()
        if not wait_until(lambda: not self._machine.alive(), timeout=STOP_TIMEOUT_S):
            raise GuestTimeout("VirtualBox did not end the machine")

    def _diagnosis(self) -> str:
        return self._diagnose()


class VirtualBoxBackend(Backend):
    name = "virtualbox"
    family = "host-virtualization"
    about_s = 45.0
    publishes = True

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

    def services(self) -> tuple[Meter, ...]:
        return tuple(
            Meter(name, "services", tuple(pids)) for name, pids in vbox_registry.services().items()
        )

    def sweep(self, abandoned: Callable[[str], bool]) -> list[str]:
        return vbox_registry.sweep_sockets(abandoned)

    def _installation(self) -> Installation | None:
        return self._given or find_installation()

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with self._machine(image, limits) as machine:
            timeline.mark("created")
            with self._started(machine, timeline) as instance:
                yield instance

    @contextmanager
    def _machine(self, image: LabImage, limits: Limits) -> Iterator[Machine]:
        """A registered machine, configured, that does not run yet."""
        if limits.cpus != 1:
            raise BackendError(
                "a machine of VirtualBox has one processor here",
                details="the boot medium's kernel is told not to look for more",
                resolution="--cpus 1, for all backends alike",
            )
        installation = self._installation() or Installation()
        name = f"labkit-{owner()}-{next(_numbers)}"
        with ExitStack() as stack:
            home = stack.enter_context(vbox_registry.registry())
            port = stack.enter_context(reserved_port()) if limits.network else None
            manage = VBoxManage(lambda *words: installation.argv(home, places.MANAGE, *words))
            with vbox_registry.room_needed(home):
                folder = home / name
                folder.mkdir(exist_ok=True)  # VirtualBox itself refuses a name that is taken
                iso = place_iso(image.iso, home)
                manage.create_vm(name=name, folder=home, os_type=OS_TYPE)
                stack.callback(_remove, manage, name)
                engine = self.engine(image)
                make_machine(
                    manage,
                    name=name,
                    engine=engine,
                    limits=limits,
                    iso=iso,
                    folder=folder,
                    port=port,
                )
            yield Machine(installation, engine, home, folder, manage, name, port)

    @contextmanager
    def _started(self, machine: Machine, timeline: Timeline) -> Iterator[VirtualBoxInstance]:
        with ExitStack() as stack:
            if machine.engine == "vbox-hm":
                process = stack.enter_context(start_headless(machine.manage, machine.name))
            else:
                process = stack.enter_context(
                    start_driverless(
                        machine.installation, machine.home, machine.folder, machine.name
                    )
                )
            instance = _connected(
                stack, process, machine.manage, machine.name, machine.folder, timeline
            )
            instance.port = machine.port
            yield instance


def _connected(
    stack: ExitStack,
    machine: MachineProcess,
    manage: VBoxManage,
    name: str,
    folder: Path,
    timeline: Timeline,
) -> VirtualBoxInstance:
    """The started machine: its serial ports answer."""
    console = stack.enter_context(_connect(machine, folder, "console"))
    agent = stack.enter_context(_connect(machine, folder, "agent"))
    timeline.mark("started")
    log = stack.enter_context((folder / "console.log").open("ab", buffering=0))

    def on_console(data: bytes) -> None:
        timeline.mark("kernel")
        with suppress(OSError):  # a full disk must not end the machine
            log.write(data)

    channel = Channel(agent.fileno(), agent.fileno(), watch={console.fileno(): on_console})
    return VirtualBoxInstance(
        machine,
        lambda: manage.power_off(name=name),
        lambda: diagnose(folder),
        Session(channel, timeline.clock),
        timeline,
    )


def diagnose(folder: Path) -> str:
    """The end of VirtualBox's own output, of its log, and of the guest's console."""
    parts = []
    titles = {
        "VirtualBox said": "vm.log",
        "the console's last lines": "console.log",
        "VirtualBox's log ends with": "Logs/VBox.log",
    }
    for title, file in titles.items():
        with suppress(OSError):
            text = last_lines((folder / file).read_text(errors="replace"), 6)
            parts.append(f"{title}:\n{text}" if text else "")
    return "\n".join(part for part in parts if part)


def _connect(machine: MachineProcess, folder: Path, port: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def answers() -> bool:
        with suppress(OSError):
            connection.connect(str(folder / port))
            return True
        return not machine.alive()

    wait_until(answers, timeout=CONNECT_TIMEOUT_S, interval=0.01)
    try:
        connection.getpeername()
    except OSError:
        connection.close()
        raise BackendError(
            "VirtualBox did not start the machine", details=diagnose(folder)
        ) from None
    return connection


def _remove(manage: VBoxManage, name: str) -> None:
    """Tried for a while: VBoxSVC takes a moment to see that a machine's process has ended. What
    is left even so goes with the registry."""

    def removed() -> bool:
        try:
            manage.unregister(name=name)
        except LabError:
            return False
        return True

    wait_until(removed, timeout=5.0, interval=0.3)
