"""What the charts of several experiments share. matplotlib is imported when the first chart is
drawn, not before."""

from labkit.charts.chart import Chart
from labkit.charts.chosen import chosen
from labkit.charts.guess import guess
from labkit.notes import badge

__all__ = ["Chart", "badge", "chosen", "guess"]
