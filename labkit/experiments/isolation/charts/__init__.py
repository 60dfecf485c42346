"""Charts of this experiment: frame → Chart."""

from labkit.experiments.isolation.charts.matrix import matrix
from labkit.experiments.isolation.charts.stacks import stacks

__all__ = ["matrix", "stacks"]
