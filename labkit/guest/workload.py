"""The workloads that the lab image holds: one file each in labkit/guest/workloads.

A file's head says what it does (title), what is counted (unit) and how many operations make one
unit (ops-per-unit). A workload that counts defines `step N`; one that only holds, `hold SECONDS`.
A server says «network: yes», and is asked from outside while it holds. One that runs Debian's
programs names their packages, with commas between («packages: fio»), and which of them reports
(«report: fio», labkit/guest/programs). Such a one defines `report SECONDS`; or it is a server that
a «client: ab» asks from the host. «memory: 512» is what it needs at least, in MiB; a remark
«rw=read|write» says which words a setting may have.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from labkit.errors import UsageError
from labkit.guest.protocol import Request
from labkit.system import plain_files
from labkit.system.paths import own_guest_dir

GUEST_DIR = Path(__file__).parent
# A program goes by the clock that it sees, and a busy guest's may be so many times too slow. And
# however short its duration is, it starts once: an emulator takes seconds to bind its libraries.
MOST_TIMES, PROGRAM_STARTS_S = 10, 30.0


@dataclass(frozen=True)
class Workload:
    """A named program in the lab image."""

    name: str
    title: str
    unit: str
    ops_per_unit: float
    counts: bool
    # Whether it is a server, which wants an instance with a network.
    network: bool = False
    # Debian's packages that it needs in the lab image.
    packages: tuple[str, ...] = ()
    # What a task may set: name → what it is otherwise, as in the file.
    defaults: Mapping[str, str] = field(default_factory=dict)
    # Of these, what is one of some words: name → the words.
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Which program's report it gives, in labkit/guest/programs; empty where it gives none.
    program: str = ""
    # The program on the host that asks a server, and reports; of the same image.
    client: str = ""
    # How much memory the program wants to have for itself, in MiB.
    memory_mib: int = 0


@dataclass(frozen=True)
class Task:
    """A workload with its settings, as a plan names it: `ballast:mib=128`."""

    workload: Workload
    settings: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        """What it is called in tables. One that reports may be in a plan several times, so that
        its settings belong to its name."""
        if not self.workload.program:
            return self.workload.name
        return ":".join([self.workload.name, *(f"{k}={v}" for k, v in self.settings)])

    @property
    def work(self) -> str:
        """Which work it is, however it was asked for: its settings but for those that the file has
        anyway, in the file's order."""
        given, defaults = self.chosen, self.workload.defaults
        own = [f"{name}={given[name]}" for name in defaults if given[name] != defaults[name]]
        return ":".join([self.workload.name, *own])

    @property
    def chosen(self) -> dict[str, str]:
        """All settings, those that nobody chose, too."""
        return {**self.workload.defaults, **dict(self.settings)}

    def request(self, seconds: float) -> Request:
        due_s = None if self.workload.counts else seconds
        if self.workload.program:
            due_s = PROGRAM_STARTS_S + MOST_TIMES * seconds
        return Request(self.workload.name, seconds, self.settings, due_s)


@cache
def all_workloads() -> dict[str, Workload]:
    """Name → workload, in alphabetical order."""
    return {name: read_workload(file) for name, file in sorted(workload_files().items())}


def workload_files() -> dict[str, Path]:
    """Name → file: the lab's, and those of the folder that LABKIT_GUEST names. UsageError where a
    name is the lab's already: it would be other work under a known name."""
    files = {file.stem: file for file in (GUEST_DIR / "workloads").glob("*.sh")}
    own = own_guest_dir()
    if own is None:
        return files
    own_files = {file.stem: file for file in (own / "workloads").glob("*.sh")}
    if taken := sorted(own_files.keys() & files.keys()):
        raise UsageError(
            f"the lab has a workload {taken[0]} already",
            resolution=f"give {own_files[taken[0]]} another name",
        )
    return {**files, **own_files}


def digests(tasks: Iterable[str]) -> dict[str, str]:
    """Workload → SHA-256 of its file, of each that these tasks name."""
    names = [parse_task(task).workload.name for task in tasks]
    files = workload_files()
    return {name: hashlib.sha256(plain_files.read(files[name])).hexdigest() for name in names}


def read_workload(file: Path) -> Workload:
    """Reads the head of a workload's file; UsageError when a line of it is missing."""
    try:
        text = plain_files.read_utf8(file)
        head = dict(re.findall(r"^# ([a-z-]+):[ \t]*(.*)$", text, re.MULTILINE))
        return Workload(
            name=file.stem,
            title=head["title"],
            unit=head["unit"],
            ops_per_unit=float(head["ops-per-unit"]),
            counts=re.search(r"^step\(\)", text, re.MULTILINE) is not None,
            network=head.get("network") == "yes",
            packages=tuple(re.findall(r"[^\s,]+", head.get("packages", ""))),
            defaults=dict(re.findall(r"^([a-z]\w*)=[\"']?(\w+)[\"']?$", text, re.MULTILINE)),
            choices={
                name: tuple(words.split("|"))
                for name, words in re.findall(r"^# ([a-z]\w*)=(\w+(?:\|\w+)*)$", text, re.MULTILINE)
            },
            program=head.get("report", ""),
            client=head.get("client", ""),
            memory_mib=int(head.get("memory", "0")),
        )
    except KeyError as error:
        raise _no_head(file, f"there is no line «# {error.args[0]}: …»") from error
    except ValueError as error:
        raise _no_head(file, str(error)) from error
    except OSError as error:
        raise UsageError(
            f"the workload {file} cannot be read",
            details=error.strerror or str(error),
            resolution="put a file in its place that you may read, or take it away",
        ) from error


def _no_head(file: Path, why: str) -> UsageError:
    return UsageError(
        f"the workload {file.name} has no usable head",
        details=why,
        resolution="give it the lines that begin labkit/guest/workloads/cpu.sh: title, unit, "
        "ops-per-unit",
    )


def parse_task(text: str) -> Task:
    """`name` or `name:setting=value:…` → task; UsageError for an unknown name or a bad setting."""
    name, *settings = text.split(":")
    known = all_workloads()
    if name not in known:
        raise UsageError(
            f"there is no workload {name!r}",
            details=f"the lab image holds: {', '.join(known)}",
            resolution="name one of them, or add a file: FOLDER/workloads/NAME.sh, with "
            "LABKIT_GUEST=FOLDER",
        )
    pairs = [re.fullmatch(r"([a-z]\w*)=(\w+)", setting, re.ASCII) for setting in settings]
    if not all(pairs):
        raise UsageError(
            f"{text!r} is not a workload with settings",
            resolution="write name:setting=value, such as ballast:mib=128",
        )
    chosen = tuple((pair[1], pair[2]) for pair in pairs if pair)
    if unknown := {setting for setting, _ in chosen} - known[name].defaults.keys():
        raise UsageError(
            f"the workload {name} has no setting {', '.join(sorted(unknown))}",
            details=f"it has: {', '.join(known[name].defaults) or 'none'}",
            resolution=f"write {name}, or one of its settings",
        )
    for setting, value in chosen:
        _check_choice(known[name], setting, value)
    return Task(known[name], chosen)


def _check_choice(workload: Workload, setting: str, value: str) -> None:
    choices = workload.choices.get(setting)
    if choices is not None and value not in choices:
        raise UsageError(
            f"the workload {workload.name} cannot have {setting}={value}",
            resolution=f"choose one of: {', '.join(choices)}",
        )


def ballast_mib(text: str) -> int:
    """How much a task's ballast holds, in MiB; 0 for any other task. UsageError for a size that
    the agent would refuse."""
    task = parse_task(text)
    if task.workload.name != "ballast":
        return 0
    size = {**task.workload.defaults, **dict(task.settings)}["mib"]
    if not re.fullmatch(r"[1-9]\d{0,4}", size, re.ASCII):
        raise UsageError(
            f"a ballast cannot hold {size} MiB", resolution="use 1 to 99999, as in ballast:mib=128"
        )
    return int(size)
