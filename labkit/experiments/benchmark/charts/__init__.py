"""Charts of this experiment: frame → Chart."""

from labkit.experiments.benchmark.charts.boot import boot
from labkit.experiments.benchmark.charts.compare import compare
from labkit.experiments.benchmark.charts.cpu import cpu
from labkit.experiments.benchmark.charts.ecdf import ecdf
from labkit.experiments.benchmark.charts.engine_parts import engine_parts
from labkit.experiments.benchmark.charts.idle import idle
from labkit.experiments.benchmark.charts.instances import instances
from labkit.experiments.benchmark.charts.latency import latency
from labkit.experiments.benchmark.charts.memory import memory
from labkit.experiments.benchmark.charts.program_bars import program_bars
from labkit.experiments.benchmark.charts.programs import programs
from labkit.experiments.benchmark.charts.published import published
from labkit.experiments.benchmark.charts.scaling import scaling
from labkit.experiments.benchmark.charts.spectrum import spectrum
from labkit.experiments.benchmark.charts.startup import first_response, startup
from labkit.experiments.benchmark.charts.verdict import verdict

__all__ = [
    "boot",
    "compare",
    "cpu",
    "ecdf",
    "engine_parts",
    "first_response",
    "idle",
    "instances",
    "latency",
    "memory",
    "program_bars",
    "programs",
    "published",
    "scaling",
    "spectrum",
    "startup",
    "verdict",
]
