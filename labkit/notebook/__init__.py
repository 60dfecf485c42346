"""What the notebooks need besides the lab itself. Importing it in a notebook also makes the cell
magic %%everywhere known."""

import sys

from labkit.notebook.exercises import check, given
from labkit.notebook.explore import explore
from labkit.notebook.guesses import Guess, guess, off_by
from labkit.notebook.magic import register
from labkit.notebook.measuring import Measurement, measure, what_can_run
from labkit.notebook.modes import mode
from labkit.notebook.tasks import task

__all__ = [
    "Guess",
    "Measurement",
    "check",
    "explore",
    "given",
    "guess",
    "measure",
    "mode",
    "off_by",
    "task",
    "what_can_run",
]

if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()) is not None:
    register(shell)
