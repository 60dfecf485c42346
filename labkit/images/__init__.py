"""Images and containers: what lies on the disk, what runs, and what of it is shared.

One file an experiment; each gives records. `measure` makes all of them, `load` reads a recording.
"""

from labkit.images.measuring import EXPERIMENTS, measure
from labkit.images.recording import Recording, load, write

__all__ = ["EXPERIMENTS", "Recording", "load", "measure", "write"]
