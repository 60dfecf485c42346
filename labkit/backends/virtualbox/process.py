"""A machine's process, started in one of two ways, and surely ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from labkit.backends.instance import READY_TIMEOUT_S
from labkit.backends.virtualbox.display import virtual_display
from labkit.backends.virtualbox.installation import MACHINE
from labkit.backends.virtualbox.machine import Machine
from labkit.backends.virtualbox.registry import HEADLESS, renew_services
from labkit.errors import BackendError
from labkit.system import owned_files
from labkit.system.clock import wait_until
from labkit.system.owner_marks import mark_of, owner, wait_gone
from labkit.system.process import end, spawn

LOGS = ("vm.log", "display.log", "console.log")
FIND_TIMEOUT_S = 10.0
DRIVERLESS_PATIENCE_S = 240.0


@dataclass(frozen=True)
class MachineProcess:
    """The process that is the machine, and how long its guest may take to be ready."""

    pid: int
    alive: Callable[[], bool]
    patience_s: float = READY_TIMEOUT_S
    display_pid: int | None = None


@contextmanager
def started(machine: Machine) -> Iterator[MachineProcess]:
    """The machine's process, in the way that its engine needs; ended at the end."""
    for log in LOGS:  # of an earlier start
        owned_files.discard(machine.folder / log)
    machine.ports.mkdir(exist_ok=True)
    start = _headless if machine.engine == "vbox-hm" else _driverless
    with start(machine) as process:
        yield process


@contextmanager
def _driverless(machine: Machine) -> Iterator[MachineProcess]:
    """The machine in the program with a window, on a display of its own."""
    place, folder = machine.installation, machine.folder
    with virtual_display(place, machine.home, folder / "display.log") as display:
        argv = place.argv(machine.home, MACHINE, *_start_words(machine.name))
        process = spawn(argv, log=folder / "vm.log", env={"DISPLAY": display.name})
        try:
            yield MachineProcess(
                process.pid,
                alive=lambda: process.poll() is None,
                patience_s=DRIVERLESS_PATIENCE_S,
                display_pid=display.pid,
            )
        finally:
            end(process)
            if process.returncode != 0:
                renew_services()


def _start_words(name: str) -> tuple[str, ...]:
    """The arguments of VirtualBoxVM, the program with a window, where there is no driver."""
    return ("--startvm", name, "--no-startvm-errormsgbox", "--execute-all-in-iem", "--driverless")


@contextmanager
def _headless(machine: Machine) -> Iterator[MachineProcess]:
    """The machine as VirtualBox's own service starts it, with the kernel driver."""
    name = machine.name
    try:
        machine.manage.start_headless(name=name)
        wait_until(lambda: bool(_find(name)), timeout=FIND_TIMEOUT_S)
        found = _find(name)
        if not found:
            raise BackendError(f"VirtualBox has started the machine, but no {HEADLESS} runs")
        yield MachineProcess(found[0].pid, alive=lambda: bool(_find(name)))
    finally:
        left = _find(name)
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        wait_gone(left, timeout=5)


def _find(name: str) -> list[psutil.Process]:
    """VBoxSVC, which carries our mark, starts `VBoxHeadless --comment NAME --startvm UUID`."""
    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == HEADLESS and mark_of(process) == owner():
            with suppress(psutil.Error):
                if name in process.cmdline():
                    found.append(process)
    return found
