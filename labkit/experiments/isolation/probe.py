"""The probe: three scripts of busybox's shell, and what is not tried.

They are sent, and are no part of the lab image: its digest, and what was measured with it, stay.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import time

from labkit.backends.instance import Instance
from labkit.errors import BackendError
from labkit.experiments.isolation import lines
from labkit.experiments.isolation.records import ATTEMPTS, FACTS
from labkit.guest.protocol import Script

SCRIPTS = ("self", "around", "attempts")
# An engine that interprets needs so long for three dozen small programs.
PATIENCE_S = 120
OUTPUT_BYTES = 8192
HOSTS_MOUNTS = "the mounts are the host's, and would be changed for a moment"
HOSTS_ROOT = "the root folder is the host's"


@dataclass(frozen=True)
class HostView:
    """What the lab itself sees: its process, by number and when it began (proc(5), stat, field
    22); its kernel, its namespace of mounts and its root folder, as the probe tells them; and how
    its kernel was built."""

    pid: int
    began: str
    boot_id: str
    mounts: str
    root: str
    kernel: str = ""


def host_view() -> HostView | None:
    """None where the system has no /proc: then no instance shares its kernel."""
    try:
        stat = Path("/proc/self/stat").read_text(encoding="utf-8")
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        mounts = Path("/proc/self/ns/mnt").readlink()
    except OSError:
        return None
    root = Path("/").stat()
    began = stat.rpartition(")")[2].split()[19]
    return HostView(
        os.getpid(), began, boot_id, str(mounts), f"{root.st_dev}:{root.st_ino}", os.uname().version
    )


def spared(facts: Mapping[str, str], host: HostView | None) -> dict[str, str]:
    """Attempt → why it is not made: it would change what is the host's, if only for a moment. What
    an instance does not tell of itself counts as the host's."""
    if host is None or facts.get("boot_id", "") not in ("", host.boot_id):
        return {}
    if host.kernel and facts.get("kernel_version", "") not in ("", host.kernel):
        return {}
    reasons = {}
    if facts.get("ns_mnt", "") in ("", host.mounts):
        reasons["mount"] = HOSTS_MOUNTS
    if facts.get("root_id", "") in ("", host.root):
        reasons["write_root"] = HOSTS_ROOT
    return reasons


def ask(instance: Instance, host: HostView | None) -> tuple[dict[str, str], dict[str, str]]:
    """All three scripts, one after another: the answers by their keys; and what was spared, by
    what the first two have told."""
    answers: dict[str, str] = {}
    left: dict[str, str] = {}
    for name in SCRIPTS:
        before = int(time())
        left = spared(answers, host)
        answers |= _ask(instance, script(name, host, left))
        if clock := answers.get("clock_s", "").strip():
            answers.setdefault("clock_off_s", _off(clock, before, int(time())))
    wanted = (*FACTS, *(lines.TRY + name for name in ATTEMPTS))
    missing = [key for key in wanted if key not in answers]
    if missing:
        raise BackendError(f"the probe was not answered: {', '.join(missing)}")
    return answers, left


def script(name: str, host: HostView | None, skip: Iterable[str] = ()) -> Script:
    """A script with what it has to know of the host."""
    outside, began = (host.pid, host.began) if host else (0, "")
    settings = f"outside={outside} began='{began}' skip='{' '.join(skip)}'\n"
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
