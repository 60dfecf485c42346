"""What can be said of a machine of VirtualBox that does not do what it should."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from labkit.backends.exclusion import ways_out
from labkit.backends.virtualbox.machine import Machine
from labkit.backends.virtualbox.manage import MAKE_ROOM, is_full
from labkit.errors import LabError
from labkit.system.process import last_lines

LOG = "Logs/VBox.log"
_COMPLAINT = re.compile(r"ERROR \[COM\].* aText=\{(.*?)\}, preserve=", re.DOTALL)
_HARMLESS = "VBoxGuestPropSvc"  # a service that no machine of ours has


def diagnose(machine: Machine) -> str:
    """What VirtualBox says of the machine and complains of, and the end of the guest's console."""
    folder = machine.folder
    parts = [
        f"the disk that holds {machine.home} is full" if is_full(machine.home) else "",
        _state(machine),
        _titled("VirtualBox said", last_lines(_read(folder / "vm.log"), 6)),
        _titled("the console's last lines", last_lines(_read(folder / "console.log"), 6)),
        _log(folder / LOG),
    ]
    return "\n".join(part for part in parts if part)


def remedy(machine: Machine) -> str:
    """What to do, where that is known."""
    if is_full(machine.home):
        return MAKE_ROOM
    return ways_out(_read(machine.folder / "vm.log") + _read(machine.folder / LOG))


def _state(machine: Machine) -> str:
    with suppress(LabError, KeyError):
        return f"the machine's state is: {machine.manage.show(name=machine.name)['VMState']}"
    return ""


def _log(file: Path) -> str:
    """The log is long: what it complains of, else its end."""
    text = _read(file)
    complaints = [words for words in _COMPLAINT.findall(text) if _HARMLESS not in words]
    if complaints:
        return _titled("VirtualBox complains", "\n".join(dict.fromkeys(complaints)))
    plain = "\n".join(line for line in text.splitlines() if " GUI: " not in line)
    return _titled("VirtualBox's log ends with", last_lines(plain, 6))


def _titled(title: str, text: str) -> str:
    return f"{title}:\n{text}" if text else ""


def _read(file: Path) -> str:
    with suppress(OSError):
        return file.read_text(encoding="utf-8", errors="replace")
    return ""
