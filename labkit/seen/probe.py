"""The probe: three scripts of busybox's shell, and what is not tried where.

They are sent, and are no part of the lab image: its digest, and what was measured with it, stay.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import time

from labkit.backends import Instance
from labkit.errors import BackendError
from labkit.protocol import Script
from labkit.seen import lines
from labkit.seen.facts import ATTEMPTS, FACTS

SCRIPTS = ("self", "around", "attempts")
# An engine that interprets needs so long for three dozen small programs.
PATIENCE_S = 120
OUTPUT_BYTES = 8192
# Where an attempt would change what is the host's, if only for a moment: backend → attempt → why.
HOSTS_MOUNTS = "the mounts are the host's, and would be changed for a moment"
NOT_TRIED: dict[str, dict[str, str]] = {
    "host": {"mount": HOSTS_MOUNTS, "write_root": "the root folder is the host's"},
    "chroot": {"mount": HOSTS_MOUNTS},
}


@dataclass(frozen=True)
class HostProcess:
    """A process of the host, by its number and when it began (proc(5), stat, field 22)."""

    pid: int
    began: str


def own_process() -> HostProcess | None:
    """The lab's own; None where the system has no /proc."""
    try:
        stat = Path("/proc/self/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    return HostProcess(os.getpid(), stat.rpartition(")")[2].split()[19])


def not_tried(backend: str) -> dict[str, str]:
    """Attempt → why it is not made behind this boundary; a variant is as its backend."""
    return NOT_TRIED.get(backend.partition(":")[0], {})


def ask(instance: Instance, backend: str, process: HostProcess | None) -> dict[str, str]:
    """All three scripts, one after another: the answers by their keys."""
    answers: dict[str, str] = {}
    for name in SCRIPTS:
        before = int(time())
        answers |= _ask(instance, script(name, backend, process))
        if clock := answers.get("clock_s", "").strip():
            answers.setdefault("clock_off_s", _off(clock, before, int(time())))
    wanted = (*FACTS, *(lines.TRY + name for name in ATTEMPTS))
    missing = [key for key in wanted if key not in answers]
    if missing:
        raise BackendError(f"the probe was not answered: {', '.join(missing)}")
    return answers


def script(name: str, backend: str, process: HostProcess | None) -> Script:
    """A script with what it has to know of the host."""
    outside, began = (process.pid, process.began) if process else (0, "")
    settings = f"outside={outside} began='{began}' skip='{' '.join(not_tried(backend))}'\n"
    return Script(settings + _text(name), PATIENCE_S, OUTPUT_BYTES)


@cache
def _text(name: str) -> str:
    path = Path(__file__).parent / "scripts" / f"{name}.sh"
    return path.read_text(encoding="utf-8")


def _ask(instance: Instance, asked: Script) -> dict[str, str]:
    outcome = instance.shell(asked)
    err = outcome.err.decode(errors="replace").strip()
    if outcome.status != 0 or err:
        raise BackendError(
            "the probe failed", details=err or f"it ended with exit status {outcome.status}"
        )
    return lines.read(outcome.out.decode(errors="replace"))


def _off(clock: str, before: int, after: int) -> str:
    """How far a clock is outside of the time in which it was read; 0 within."""
    seconds = int(clock)
    return str(seconds - before if seconds < before else max(0, seconds - after))
