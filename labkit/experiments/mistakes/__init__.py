"""Five published mistakes: each made on purpose, and put right, on the same computer.

>>> recording = mistakes.run(["docker", "qemu"])
>>> mistakes.charts.ratios(mistakes.stats.ratios(recording.figures))
"""

from labkit.lazy import attach

__getattr__, __all__ = attach(__name__, charts=".charts", run=".experiment:run", stats=".stats")
