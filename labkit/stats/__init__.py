"""Statistics that several experiments share: frame → frame, pure and seeded; nothing here draws."""

from labkit.stats.bootstrap import interval
from labkit.stats.delta import cliffs_delta, magnitude
from labkit.stats.ratios import ratios

__all__ = ["cliffs_delta", "interval", "magnitude", "ratios"]
