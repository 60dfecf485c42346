"""What to doubt in a run, in plain words: each doubt names its trials and says what to do."""

from labkit.stats.doubts.doubt import Doubt
from labkit.stats.doubts.gather import NO_DOUBTS, doubts

__all__ = ["NO_DOUBTS", "Doubt", "doubts"]
