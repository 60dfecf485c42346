"""Statistics: frame → frame, pure and seeded. Nothing here draws or reads a file.

Failed trials never enter a figure; they are counted in `n_failed`. A value that is not known is
NaN in a frame and None in `summary_json`, never zero.
"""

from labkit.stats.bootstrap import interval
from labkit.stats.cpu import cpu_spent, startup_cpu
from labkit.stats.deployments import deployments
from labkit.stats.frames import FEW, LoadedRun, backends, failures
from labkit.stats.memory import memory
from labkit.stats.precision import precision
from labkit.stats.startup import startup, timeline
from labkit.stats.summary import summary, summary_json
from labkit.stats.throughput import throughput
from labkit.stats.web import first_response, latency

__all__ = [
    "FEW",
    "LoadedRun",
    "backends",
    "cpu_spent",
    "deployments",
    "failures",
    "first_response",
    "interval",
    "latency",
    "memory",
    "precision",
    "startup",
    "startup_cpu",
    "summary",
    "summary_json",
    "throughput",
    "timeline",
]
