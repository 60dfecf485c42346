"""A machine in the registry: made, configured, and removed again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from labkit.backends.serial_ports import check_length
from labkit.backends.virtualbox.installation import MANAGE, Installation
from labkit.backends.virtualbox.manage import VBoxManage
from labkit.backends.virtualbox.registry import registry, room_needed
from labkit.errors import LabError
from labkit.recordings.words import Engine
from labkit.system.clock import wait_until
from labkit.system.owner_marks import owner
from labkit.system.ports import reserved_port

OS_TYPE = "Linux_64"
REMOVE_TIMEOUT_S = 5.0

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Machine:
    """A registered machine and what is needed to speak of it."""

    installation: Installation
    engine: Engine
    home: Path
    name: str
    port: int | None = None

    @property
    def folder(self) -> Path:
        """Where its files lie: VirtualBox's, the logs."""
        return self.home / self.name

    @property
    def ports(self) -> Path:
        """Where the sockets of its serial ports lie: by a short path, since a long one is refused;
        marks grow with the days that a computer is up."""
        return self.home / self.name.rpartition("-")[2]

    @property
    def manage(self) -> VBoxManage:
        return VBoxManage(partial(self.installation.argv, self.home, MANAGE))


@contextmanager
def registered(
    installation: Installation,
    engine: Engine,
    configure: Callable[[Machine], None],
    *,
    network: bool,
) -> Iterator[Machine]:
    """A machine that is configured and does not run yet; it is removed at the end. With a network,
    one port of this computer is kept for it."""
    with ExitStack() as stack:
        home = stack.enter_context(registry())
        port = stack.enter_context(reserved_port()) if network else None
        name = f"labkit-{owner()}-{next(_numbers)}"
        machine = Machine(installation, engine, home, name, port)
        check_length(machine.ports)
        with room_needed(home):
            machine.folder.mkdir(exist_ok=True)  # VirtualBox itself refuses a name that is taken
            machine.manage.create_vm(name=machine.name, folder=home, os_type=OS_TYPE)
            stack.callback(_remove, machine)
            configure(machine)
        yield machine


def _remove(machine: Machine) -> None:
    """Tried for a while: VBoxSVC takes a moment to see that a machine's process has ended. What
    is left even so goes with the registry."""

    def removed() -> bool:
        try:
            machine.manage.unregister(name=machine.name)
        except LabError:
            return False
        return True

    wait_until(removed, timeout=REMOVE_TIMEOUT_S, interval=0.3)
