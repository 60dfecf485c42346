"""Charts: frame → Chart. They do no statistics and read no file; matplotlib is imported when the
first chart is drawn, not before."""

from labkit import units
from labkit.charts.chart import Chart, badge
from labkit.charts.compare import compare
from labkit.charts.cpu import cpu
from labkit.charts.ecdf import ecdf
from labkit.charts.guess import guess
from labkit.charts.idle import idle
from labkit.charts.image_starts import flavours, from_nothing
from labkit.charts.image_writes import first_writes
from labkit.charts.images import image_layers, page_sharing
from labkit.charts.instances import instances
from labkit.charts.latency import latency
from labkit.charts.layers import layers
from labkit.charts.memory import METRICS, memory
from labkit.charts.neighbours import neighbours
from labkit.charts.paas import deployments, responsibilities
from labkit.charts.process_tree import process_tree
from labkit.charts.published import published
from labkit.charts.seen import seen
from labkit.charts.stacks import stacks
from labkit.charts.start_events import start_events
from labkit.charts.startup import first_response, startup
from labkit.charts.verdict import verdict

__all__ = [
    "METRICS",
    "Chart",
    "badge",
    "compare",
    "cpu",
    "deployments",
    "ecdf",
    "first_response",
    "first_writes",
    "flavours",
    "from_nothing",
    "guess",
    "idle",
    "image_layers",
    "instances",
    "latency",
    "layers",
    "memory",
    "neighbours",
    "page_sharing",
    "process_tree",
    "published",
    "responsibilities",
    "seen",
    "stacks",
    "start_events",
    "startup",
    "units",
    "verdict",
]
