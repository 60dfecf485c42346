"""Statistics: frame → frame, pure and seeded. Nothing here draws or reads a file.

Failed trials never enter a figure; they are counted in `n_failed`. A value that is not known is
NaN in a frame and None in `summary_json`, never zero.
"""

from labkit.stats.bootstrap import interval
from labkit.stats.compare import compare
from labkit.stats.cpu import cpu_spent, startup_cpu
from labkit.stats.delta import cliffs_delta, magnitude
from labkit.stats.doubts import Doubt, doubts
from labkit.stats.frames import FEW, LoadedRun, backends, failures
from labkit.stats.memory import memory
from labkit.stats.precision import Widest, precision, widest
from labkit.stats.quantities import quantities
from labkit.stats.ratios import ratios
from labkit.stats.startup import startup, timeline
from labkit.stats.summary import summary, summary_json
from labkit.stats.throughput import throughput

__all__ = [
    "FEW",
    "Doubt",
    "LoadedRun",
    "Widest",
    "backends",
    "cliffs_delta",
    "compare",
    "cpu_spent",
    "doubts",
    "failures",
    "interval",
    "magnitude",
    "memory",
    "precision",
    "quantities",
    "ratios",
    "startup",
    "startup_cpu",
    "summary",
    "summary_json",
    "throughput",
    "timeline",
    "widest",
]
