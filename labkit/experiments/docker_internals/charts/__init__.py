"""Charts of this experiment: frame → Chart."""

from labkit.experiments.docker_internals.charts.process_tree import process_tree
from labkit.experiments.docker_internals.charts.start_events import start_events

__all__ = ["process_tree", "start_events"]
