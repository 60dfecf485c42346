"""What the notebooks need besides the lab itself."""

from labkit.notebook.exercises import check
from labkit.notebook.guesses import Guess, guess, off_by
from labkit.notebook.measuring import Measurement, measure, mode, what_can_run

__all__ = [
    "Guess",
    "Measurement",
    "check",
    "guess",
    "measure",
    "mode",
    "off_by",
    "what_can_run",
]
