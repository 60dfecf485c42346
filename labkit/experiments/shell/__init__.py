"""A shell script of one's own behind every boundary.

>>> recording = shell.run(Path("script.sh"), ["docker", "qemu"])
>>> recording.answers
"""

from labkit.lazy import attach

__getattr__, __all__ = attach(__name__, run=".experiment:run")
