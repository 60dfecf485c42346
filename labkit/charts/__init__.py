"""Charts: frame → Chart. They do no statistics and read no file; matplotlib is imported when the
first chart is drawn, not before."""

from labkit import units
from labkit.charts.chart import Chart, badge
from labkit.charts.compare import compare
from labkit.charts.cpu import cpu
from labkit.charts.ecdf import ecdf
from labkit.charts.guess import guess
from labkit.charts.idle import idle
from labkit.charts.instances import instances
from labkit.charts.layers import layers
from labkit.charts.memory import METRICS, memory
from labkit.charts.process_tree import process_tree
from labkit.charts.published import published
from labkit.charts.start_events import start_events
from labkit.charts.startup import startup
from labkit.charts.verdict import verdict

__all__ = [
    "METRICS",
    "Chart",
    "badge",
    "compare",
    "cpu",
    "ecdf",
    "guess",
    "idle",
    "instances",
    "layers",
    "memory",
    "process_tree",
    "published",
    "start_events",
    "startup",
    "units",
    "verdict",
]
