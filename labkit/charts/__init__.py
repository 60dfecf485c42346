"""Charts: frame → Chart. They do no statistics and read no file; matplotlib is imported when the
first chart is drawn, not before."""

from labkit.charts.chart import Chart, badge
from labkit.charts.cpu import cpu
from labkit.charts.latency import latency
from labkit.charts.memory import METRICS, memory
from labkit.charts.paas import deployments, layers
from labkit.charts.startup import first_response, startup

__all__ = [
    "METRICS",
    "Chart",
    "badge",
    "cpu",
    "deployments",
    "first_response",
    "latency",
    "layers",
    "memory",
    "startup",
]
