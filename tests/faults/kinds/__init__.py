"""The kinds of faults: each names what it can be done to, and when, and does it."""

from __future__ import annotations

from types import ModuleType

from tests.faults.kinds import (
    at_once,
    damaged_file,
    full_disk,
    garbage,
    hung_instance,
    killed_daemon,
    killed_instance,
    killed_lab,
    set_clock,
)

KINDS: dict[str, ModuleType] = {
    "killed-lab": killed_lab,
    "killed-instance": killed_instance,
    "hung-instance": hung_instance,
    "killed-daemon": killed_daemon,
    "garbage": garbage,
    "full-disk": full_disk,
    "set-clock": set_clock,
    "damaged-file": damaged_file,
    "at-once": at_once,
    "killed-lab-virtualbox": killed_lab,
}
COMBINATIONS = {kind: module.COMBINATIONS for kind, module in KINDS.items()}
COMBINATIONS["killed-lab-virtualbox"] = [
    ("virtualbox", moment) for moment in ("created", "started", "ready", "first_result")
]
