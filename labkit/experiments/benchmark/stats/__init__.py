"""Statistics of this experiment: frame → frame, pure and seeded."""

from labkit.experiments.benchmark.stats.boot import boot
from labkit.experiments.benchmark.stats.cpu import (
    components,
    cpu_spent,
    idle_burn,
)
from labkit.experiments.benchmark.stats.engine_parts import adding_up, engine_parts, paired
from labkit.experiments.benchmark.stats.frames import backends, failures
from labkit.experiments.benchmark.stats.instances import instances, left_out
from labkit.experiments.benchmark.stats.memory import memory, verdict
from labkit.experiments.benchmark.stats.precision import precision, widest
from labkit.experiments.benchmark.stats.programs import programs
from labkit.experiments.benchmark.stats.published import beside, comparable
from labkit.experiments.benchmark.stats.quantities import quantities
from labkit.experiments.benchmark.stats.scaling import scaling
from labkit.experiments.benchmark.stats.spectrum import spectrum
from labkit.experiments.benchmark.stats.startup import distribution, startup, timeline
from labkit.experiments.benchmark.stats.summary import summary, summary_json
from labkit.experiments.benchmark.stats.throughput import throughput
from labkit.experiments.benchmark.stats.two_runs import compare, compare_programs
from labkit.experiments.benchmark.stats.web import first_response, latency
from labkit.stats.spread import FEW

__all__ = [
    "FEW",
    "adding_up",
    "backends",
    "beside",
    "boot",
    "comparable",
    "compare",
    "compare_programs",
    "components",
    "cpu_spent",
    "distribution",
    "engine_parts",
    "failures",
    "first_response",
    "idle_burn",
    "instances",
    "latency",
    "left_out",
    "memory",
    "paired",
    "precision",
    "programs",
    "quantities",
    "scaling",
    "spectrum",
    "startup",
    "summary",
    "summary_json",
    "throughput",
    "timeline",
    "verdict",
    "widest",
]
