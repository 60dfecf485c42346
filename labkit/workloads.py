"""The workloads that the lab image holds: one file each in labkit/guest/workloads.

A file's head says what it does (title), what is counted (unit) and how many operations make one
unit (ops-per-unit). A workload that counts defines `step N`; one that only holds, `hold SECONDS`.
A server says «network: yes», and is asked from outside while it holds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labkit.errors import UsageError
from labkit.protocol import Request

GUEST_DIR = Path(__file__).parent / "guest"


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


@dataclass(frozen=True)
class Task:
    """A workload with its settings, as a plan names it: `ballast:mib=128`."""

    workload: Workload
    settings: tuple[tuple[str, str], ...]

    def request(self, seconds: float) -> Request:
        return Request(self.workload.name, seconds, self.settings)


@cache
def all_workloads() -> dict[str, Workload]:
    """Name → workload, in alphabetical order."""
    files = sorted((GUEST_DIR / "workloads").glob("*.sh"))
    return {file.stem: read_workload(file) for file in files}


def digests(tasks: Iterable[str]) -> dict[str, str]:
    """Workload → SHA-256 of its file, of each that these tasks name."""
    names = [parse_task(task).workload.name for task in tasks]
    files = {name: GUEST_DIR / "workloads" / f"{name}.sh" for name in names}
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}


def read_workload(file: Path) -> Workload:
    """Reads the head of a workload's file; UsageError when a line of it is missing."""
    text = file.read_text()
    head = dict(re.findall(r"^# ([a-z-]+):[ \t]*(.*)$", text, re.MULTILINE))
    try:
        return Workload(
            name=file.stem,
            title=head["title"],
            unit=head["unit"],
            ops_per_unit=float(head["ops-per-unit"]),
            counts=re.search(r"^step\(\)", text, re.MULTILINE) is not None,
            network=head.get("network") == "yes",
        )
    except KeyError as error:
        raise _no_head(file, f"there is no line «# {error.args[0]}: …»") from error
    except ValueError as error:
        raise _no_head(file, str(error)) from error


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
            resolution="name one of them, or add a file to labkit/guest/workloads",
        )
    pairs = [re.fullmatch(r"([a-z]\w*)=(\w+)", setting, re.ASCII) for setting in settings]
    if not all(pairs):
        raise UsageError(
            f"{text!r} is not a workload with settings",
            resolution="write name:setting=value, such as ballast:mib=128",
        )
    return Task(known[name], tuple((pair[1], pair[2]) for pair in pairs if pair))


def ballast_mib(text: str) -> int:
    """How much a task's ballast holds, in MiB; 0 for any other task, and for a size that the
    agent will refuse."""
    task = parse_task(text)
    size = dict(task.settings).get("mib", "64")  # as in its file
    return int(size) if task.workload.name == "ballast" and size.isdecimal() else 0
