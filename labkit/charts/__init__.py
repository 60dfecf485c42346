"""Charts: frame → Chart. They do no statistics and read no file; matplotlib is imported when the
first chart is drawn, not before."""

from labkit import units
from labkit.charts.chart import Chart, badge
from labkit.charts.compare import compare
from labkit.charts.cpu import cpu
from labkit.charts.memory import METRICS, memory
from labkit.charts.startup import startup

__all__ = ["METRICS", "Chart", "badge", "compare", "cpu", "memory", "startup", "units"]
