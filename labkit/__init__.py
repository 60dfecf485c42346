"""The Virtualization Lab: the same workload behind each boundary, measured on this computer.

>>> import labkit
>>> labkit.doctor()                 # what can run here
>>> run = labkit.run(["host", "docker"], repeats=5)
>>> run = labkit.load("reference-run")
>>> labkit.charts.startup(...)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit import charts, stats
    from labkit.diagnosis import examine as doctor
    from labkit.errors import LabError
    from labkit.lab import run
    from labkit.records import Limits
    from labkit.store import load

__all__ = ["LabError", "Limits", "charts", "doctor", "load", "run", "stats"]

# Imported when first used: `labkit --help` does not wait for pandas and matplotlib.
_HOMES = {
    "LabError": ("labkit.errors", "LabError"),
    "Limits": ("labkit.records", "Limits"),
    "charts": ("labkit.charts", None),
    "doctor": ("labkit.diagnosis", "examine"),
    "load": ("labkit.store", "load"),
    "run": ("labkit.lab", "run"),
    "stats": ("labkit.stats", None),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"labkit has no {name!r}")
    module, attribute = _HOMES[name]
    found = import_module(module)
    return getattr(found, attribute) if attribute else found
