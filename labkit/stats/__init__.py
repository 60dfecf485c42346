"""Statistics: frame → frame, pure and seeded. Nothing here draws or reads a file.

Failed trials never enter a figure; they are counted in `n_failed`. A value that is not known is
NaN in a frame and None in `summary_json`, never zero.
"""

from labkit.stats.ballast import ballast, held_bytes
from labkit.stats.bootstrap import interval
from labkit.stats.compare import compare
from labkit.stats.cpu import cpu_spent, startup_cpu
from labkit.stats.cpu_sources import cpu_sources
from labkit.stats.delta import cliffs_delta, magnitude
from labkit.stats.deployments import deployments
from labkit.stats.distribution import distribution
from labkit.stats.doubts import Doubt, doubts
from labkit.stats.frames import FEW, LoadedRun, backends, failures
from labkit.stats.images import (
    first_writes,
    flavours,
    from_nothing,
    image_layers,
    page_sharing,
)
from labkit.stats.instances import instances, left_out
from labkit.stats.layers import layers, paired
from labkit.stats.memory import memory
from labkit.stats.neighbours import neighbours, neighbours_work
from labkit.stats.precision import Widest, precision, widest
from labkit.stats.published import beside, comparable
from labkit.stats.quantities import quantities
from labkit.stats.ratios import ratios
from labkit.stats.seen import capabilities, kernels, seen, stacks
from labkit.stats.start_events import start_events
from labkit.stats.startup import startup, timeline
from labkit.stats.summary import summary, summary_json
from labkit.stats.throughput import throughput
from labkit.stats.verdict import verdict
from labkit.stats.web import first_response, latency
from labkit.stats.work_cost import idle_burn, work_cost

__all__ = [
    "FEW",
    "Doubt",
    "LoadedRun",
    "Widest",
    "backends",
    "ballast",
    "beside",
    "capabilities",
    "cliffs_delta",
    "comparable",
    "compare",
    "cpu_sources",
    "cpu_spent",
    "deployments",
    "distribution",
    "doubts",
    "failures",
    "first_response",
    "first_writes",
    "flavours",
    "from_nothing",
    "held_bytes",
    "idle_burn",
    "image_layers",
    "instances",
    "interval",
    "kernels",
    "latency",
    "layers",
    "left_out",
    "magnitude",
    "memory",
    "neighbours",
    "neighbours_work",
    "page_sharing",
    "paired",
    "precision",
    "quantities",
    "ratios",
    "seen",
    "stacks",
    "start_events",
    "startup",
    "startup_cpu",
    "summary",
    "summary_json",
    "throughput",
    "timeline",
    "verdict",
    "widest",
    "work_cost",
]
