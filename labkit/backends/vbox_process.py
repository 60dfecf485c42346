"""A machine's process, started in one of two ways, and surely ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from labkit.backends.base import READY_TIMEOUT_S
from labkit.backends.vbox_display import virtual_display
from labkit.backends.vbox_installation import MACHINE, Installation
from labkit.backends.vbox_machine import start_command
from labkit.backends.vbox_manage import VBoxManage
from labkit.errors import BackendError
from labkit.process import end, mark_of, owner, spawn, wait_until

HEADLESS = "VBoxHeadless"
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
def start_driverless(
    installation: Installation, home: Path, folder: Path, name: str
) -> Iterator[MachineProcess]:
    """The machine in the program with a window, on a display of its own."""
    with virtual_display(installation, home, folder / "display.log") as display:
        argv = installation.argv(home, MACHINE, *start_command(name))
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


@contextmanager
def start_headless(manage: VBoxManage, name: str) -> Iterator[MachineProcess]:
    """The machine as VirtualBox's own service starts it, with the kernel driver."""
    try:
        manage.start_headless(name=name)
        wait_until(lambda: bool(_headless(name)), timeout=FIND_TIMEOUT_S)
        found = _headless(name)
        if not found:
            raise BackendError(f"VirtualBox has started the machine, but no {HEADLESS} runs")
        yield MachineProcess(found[0].pid, alive=lambda: bool(_headless(name)))
    finally:
        left = _headless(name)
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=5)


def _headless(name: str) -> list[psutil.Process]:
    """VBoxSVC, which carries our mark, starts `VBoxHeadless --comment NAME --startvm UUID`."""
    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == HEADLESS and mark_of(process) == owner():
            with suppress(psutil.Error):
                if name in process.cmdline():
                    found.append(process)
    return found
