"""VBoxManage, one method a subcommand. See the VirtualBox manual, "VBoxManage"."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from labkit.backends.exclusion import ways_out
from labkit.backends.virtualbox.installation import MANAGE
from labkit.errors import BackendError, CommandError
from labkit.system.process import Completed, Runner, last_lines, run

TIMEOUT_S = 60.0
# VirtualBox says yes or no by itself; a busy computer, or one that is itself emulated, takes long.
START_TIMEOUT_S = 240.0
# A snapshot is the machine's whole memory, written to a disk that others may keep busy.
SNAPSHOT_TIMEOUT_S = 240.0
MAKE_ROOM = "make room there, or name another folder with TMPDIR=FOLDER"
ASK_THE_DOCTOR = (
    "measure once more; labkit doctor tells whether VirtualBox is well, "
    "labkit clean removes what a killed lab has left"
)

# VBoxSVC ends itself when it has had no client for 5 s. One that comes at that very moment is
# turned away before it has done anything; the next one finds a new service.
_TURNED_AWAY = "Failed to create the VirtualBox object"
_TRIES, _PAUSE_S = 3, 0.2
_FULL = "VERR_DISK_FULL"
# A settings file for which there was no room is empty, and no service begins with it.
_EMPTIED = re.compile(r"Document is empty\.\s+Location: '([^']+)'")
FULL_BYTES = 1 << 20  # what VirtualBox writes at once is far smaller

# name="value", name=value, "a name with: signs"="value"; inside quotes, \ protects \ and ".
# A running machine has one more: VideoMode="640,480,32"@0,0 1
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_VALUE = rf"{_QUOTED}(?:@[^\n\"]*)?|[^\n\"]*"
_ENTRY = re.compile(rf"({_QUOTED}|[^\s\"=][^=\n]*)=({_VALUE})(?:\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"\w+(?:\n|\Z)")  # such as `rec_screen0`: a line without a value


class VBoxManage:
    """`argv` makes the whole command of VBoxManage's arguments; `runner` runs it."""

    def __init__(self, argv: Callable[..., list[str]], runner: Runner = run) -> None:
        self._argv = argv
        self._runner = runner

    def create_vm(self, *, name: str, folder: Path, os_type: str) -> None:
        """A machine with its files in FOLDER/NAME; one of that name there is left alone."""
        place = ("--basefolder", str(folder), "--ostype", os_type)
        self._do("create the machine", "createvm", "--name", name, *place, "--register")

    def modify_vm(self, *, name: str, settings: Mapping[str, Sequence[str]]) -> None:
        """Each setting has one or more words: `--uart1 0x3F8 4`."""
        words = [word for key, values in settings.items() for word in (f"--{key}", *values)]
        self._do("configure the machine", "modifyvm", name, *words)

    def set_extra_data(self, *, name: str, key: str, value: str) -> None:
        self._do(f"set {key}", "setextradata", name, key, value)

    def add_controller(
        self, *, name: str, controller: str, bus: str, kind: str, ports: int = 0
    ) -> None:
        """`ports`: how many places it has; 0 for the usual number."""
        words = ("--name", controller, "--add", bus, "--controller", kind)
        count = ("--portcount", str(ports)) if ports else ()
        self._do(f"add the controller {controller}", "storagectl", name, *words, *count)

    def attach(
        self, *, name: str, controller: str, kind: str, medium: Path, port: int = 0, mode: str = ""
    ) -> None:
        """Puts a medium into a controller's place, the first one if no other is named. What is
        written to one of the mode `immutable` goes into a file of the machine's own."""
        place = ("--storagectl", controller, "--port", str(port), "--device", "0")
        words = (*place, "--type", kind, "--medium", str(medium))
        kept = ("--mtype", mode) if mode else ()
        self._do(f"attach {medium.name}", "storageattach", name, *words, *kept)

    def start_headless(self, *, name: str) -> None:
        words = ("startvm", name, "--type", "headless")
        self._do("start the machine", *words, timeout=START_TIMEOUT_S)

    def power_off(self, *, name: str) -> None:
        self._do("switch the machine off", "controlvm", name, "poweroff")

    def press_power_button(self, *, name: str) -> None:
        self._do("press the machine's power button", "controlvm", name, "acpipowerbutton")

    def connections(self, *, name: str) -> str:
        """What the network of a machine that runs says of its connections (VirtualBox manual,
        "VBoxManage debugvm", info; its first network card's)."""
        words = ("debugvm", name, "info", "nat0")
        return self._do("tell the machine's connections", *words).stdout

    def take_snapshot(self, *, name: str, snapshot: str) -> None:
        """Of a machine that runs: its disks and its state. It stands still meanwhile, then runs on.

        Not `--live`: that copies the memory while the guest goes on writing to it, again and again
        until little enough is left. On a busy computer that moment need not come (VirtualBox's
        source, PGMSavedState.cpp, pgmR3LiveVote).
        """
        words = ("snapshot", name, "take", snapshot)
        self._do("take a snapshot", *words, timeout=SNAPSHOT_TIMEOUT_S)

    def restore_snapshot(self, *, name: str, snapshot: str) -> None:
        """Of a machine that does not run: its next start goes on from there."""
        self._do("restore the snapshot", "snapshot", name, "restore", snapshot)

    def unregister(self, *, name: str) -> None:
        """Removes the machine and all its files."""
        self._do("remove the machine", "unregistervm", name, "--delete")

    def show(self, *, name: str) -> dict[str, str]:
        """What VirtualBox knows of a machine."""
        done = self._do("describe the machine", "showvminfo", name, "--machinereadable")
        return parse_machine_readable(done.stdout)

    def machines(self) -> dict[str, str]:
        """The registered machines: name → UUID."""
        text = self._do("list the machines", "list", "vms").stdout
        return dict(re.findall(r'^"(.*)" \{([0-9a-f-]{36})\}$', text, re.MULTILINE))

    def _do(
        self, what: str, *arguments: str, tries: int = _TRIES, timeout: float = TIMEOUT_S
    ) -> Completed:
        try:
            done = self._runner(self._argv("-q", *arguments), timeout=timeout, check=False)
        except CommandError as error:
            raise _error(what, str(error)) from error
        if done.returncode == 0:
            return done
        said = f"{done.stderr}\n{done.stdout}"
        if _TURNED_AWAY in said and tries > 1:
            time.sleep(_PAUSE_S)
            return self._do(what, *arguments, tries=tries - 1, timeout=timeout)
        raise _error(what, _complaints(said) or f"{MANAGE} said nothing")


def is_full(folder: Path) -> bool:
    with suppress(OSError):
        return shutil.disk_usage(folder).free < FULL_BYTES
    return False


def _error(what: str, details: str) -> BackendError:
    emptied = _EMPTIED.search(details)
    full = _FULL in details or (emptied is not None and is_full(Path(emptied[1]).parent))
    return BackendError(
        f"VirtualBox could not {what}" + (": the disk is full" if full else ""),
        details=details,
        resolution=MAKE_ROOM if full else ways_out(details) or ASK_THE_DOCTOR,
    )


def _complaints(text: str) -> str:
    """What VBoxManage complains of, without the place in its source; else the end of what it
    said."""
    said = re.findall(r"^VBoxManage: error: (?!Details: |Context: )(.+)$", text, re.MULTILINE)
    return "\n".join(said) or last_lines(text, 6)


def parse_machine_readable(text: str) -> dict[str, str]:
    """The entries of --machinereadable output; BackendError where it makes no sense.

    A value may hold line ends, and a heading is passed over. Of an entry that comes twice, the
    last one counts.
    """
    found: dict[str, str] = {}
    text, position = text.replace("\r\n", "\n"), 0
    while position < len(text):
        if text[position] in " \t\n":
            position += 1
            continue
        if heading := _HEADING.match(text, position):
            position = heading.end()
            continue
        entry = _ENTRY.match(text, position)
        if entry is None:
            line = text[position:].partition("\n")[0]
            raise BackendError(
                "VirtualBox's answer cannot be understood", details=f"at: {line[:200]!r}"
            )
        found[_plain(entry[1])] = _plain(entry[2])
        position = entry.end()
    return found


def _plain(word: str) -> str:
    word = word.strip()
    if len(word) >= 2 and word[0] == word[-1] == '"':
        return re.sub(r"\\(.)", r"\1", word[1:-1], flags=re.DOTALL)
    return word
