"""What an instance sees of its computer, and what it may do: asked by a probe behind each boundary.

>>> recording = isolation.run(["docker", "qemu"])   # starts them, and the host first
>>> isolation.stats.matrix(recording.answers)
"""

from labkit.lazy import attach

__getattr__, __all__ = attach(__name__, charts=".charts", run=".experiment:run", stats=".stats")
