"""The rows of the table of what is seen: what each compares, and how it is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Literal

from labkit import units
from labkit.experiments.isolation.names import decoded, errno

Facts = Mapping[str, str | None]
# Whose a thing is, or whom an act reaches.
Touches = Literal["host", "own", "nothing", "unknown"]
# Touches, a word for it, and a detail.
Verdict = tuple[Touches, str, str]
# What a kernel tells of itself: an instance can be shown another boot_id than the kernel's (as
# systemd-nspawn does), but none of these.
KERNEL = ("kernel_release", "kernel_version")
BOOTED_WITHIN_S = 2  # computed anew at each reading, from two clocks
WORDS: dict[Touches, str] = {"host": "host's", "own": "own", "unknown": "not known"}


def whose(mine: Facts, host: Facts | None, keys: tuple[str, ...]) -> Touches:
    """`host` where all of these are the same under the same kernel, `own` where any differs."""
    if host is None:
        return "unknown"
    pairs = [(mine.get(key), host.get(key)) for key in (*_kernel_keys(mine, host), *keys)]
    if any(one is not None and other is not None and one != other for one, other in pairs):
        return "own"
    return "unknown" if any(None in pair for pair in pairs) else "host"


def _kernel_keys(mine: Facts, host: Facts) -> tuple[str, ...]:
    """By what two kernels are told apart: the number that each draws when it boots, unless all else
    says that both are one, which booted once."""
    booted = [facts.get("booted_at_s") for facts in (mine, host)]
    if None in booted or any(mine.get(key) != host.get(key) for key in KERNEL):
        return (*KERNEL, "boot_id")
    ours, theirs = (float(at or "nan") for at in booted)
    return KERNEL if abs(ours - theirs) <= BOOTED_WITHIN_S else ("boot_id",)


def view(touches: Touches, detail: str) -> Verdict:
    return touches, WORDS[touches], detail


def attempt(outcome: str | None, message: str | None, acts_on: Touches) -> Verdict:
    """Something that was tried; what is allowed reaches what it acts upon."""
    if outcome == "allowed":
        return acts_on, "allowed", ""
    if outcome == "refused":
        return "nothing", "refused", errno(message)
    return "unknown", outcome or "not known", ""


def capabilities(mine: Facts, kernel: Touches) -> Verdict:
    """How many of those that the kernel knows; they are good for that kernel only."""
    bits, last = mine["capabilities"], mine["last_capability"]
    if bits is None:
        return "unknown", "not known", ""
    count = len(decoded(bits))
    if not count:
        return "nothing", "none", ""
    if last is None:  # gVisor does not tell
        return kernel, f"{count}", ""
    return kernel, f"{count} of {int(last) + 1}", ""


def system_calls(mine: Facts, kernel: Touches) -> Verdict:
    """Whether a filter decides on each system call: seccomp(2), mode 2."""
    words: dict[str | None, Verdict] = {
        "0": (kernel, "all", "no filter"),
        "2": ("nothing", "filtered", "seccomp"),
    }
    return words.get(mine["seccomp"], ("unknown", "not known", ""))


def _release(facts: Facts) -> str:
    release = re.match(r"\d+(\.\d+)*", facts["kernel_release"] or "")
    return release[0] if release else ""


def _told(name: str, what: str) -> Callable[[Facts], str]:
    return lambda facts: f"{facts[name]} {what}" if facts[name] is not None else ""


def _counted(name: str, what: str) -> Callable[[Facts], str]:
    """How many names a fact lists, in words."""

    def tell(facts: Facts) -> str:
        count = len((facts[name] or "").split())
        return f"{count} {what}{'' if count == 1 else 's'}"

    return tell


def _root(facts: Facts) -> str:
    return ", ".join(word for word in (facts["root_type"], facts["root_mode"]) if word)


def _memory(facts: Facts) -> str:
    kib = facts["memory_kib"]
    return units.text(None if kib is None else int(kib) * 1024, units.memory)


def _uptime(facts: Facts) -> str:
    if facts["uptime_s"] is None:
        return ""
    seconds = float(facts["uptime_s"])
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"up {timedelta(seconds=seconds) // timedelta(seconds=length)} {unit}"
    return f"up {seconds:.1f} s"


# Aspect → the facts that are the same where it is the host's, and what is told of it.
ASPECTS: dict[str, tuple[tuple[str, ...], Callable[[Facts], str]]] = {
    "kernel": ((), _release),
    "processes": (("ns_pid", "host_process_seen"), _told("processes", "seen")),
    "host name": (("ns_uts",), lambda facts: facts["hostname"] or ""),
    "network": (("ns_net",), _counted("interfaces", "device")),
    "root folder": (("root_id",), _root),
    "mounts": (("ns_mnt",), _told("mounts", "seen")),
    "devices (/dev)": (("dev_id",), _told("devices", "files")),
    "users": (("ns_user",), lambda facts: f"uid {facts['uid']}"),
    "disks it is told": (("disks",), lambda facts: facts["disks"] or "none"),
    "memory it is told": (("memory_kib",), _memory),
    "processors": (
        ("cpu_model", "cpus_listed"),
        lambda facts: f"{facts['cpus_usable']} of {facts['cpus_listed']}",
    ),
    "clock": (("ns_time",), _uptime),
}
LIMITS: dict[str, Callable[[Facts, Touches], Verdict]] = {
    "capabilities": capabilities,
    "system calls": system_calls,
}
# Attempt → its row, and the aspect that it acts upon.
ATTEMPT_ROWS = {
    "mount": ("mount something", "mounts"),
    "hostname": ("set the host name", "host name"),
    "write_root": ("write to the root folder", "root folder"),
    "chroot": ("change the root folder", "root folder"),
    "namespace": ("make a namespace", "kernel"),
    "user_namespace": ("make a user namespace", "kernel"),
    "signal_host": ("signal a host's process", "processes"),
    "device": ("make a device file", "kernel"),
    "kernel_setting": ("set a kernel variable", "kernel"),
    "kernel_log": ("read the kernel's log", "kernel"),
    "clock": ("set the clock's rate", "clock"),
    "module": ("load a kernel module", "kernel"),
}
