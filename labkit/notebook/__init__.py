"""What the notebooks need besides the lab itself. Importing it in a notebook also makes the cell
magic %%everywhere known."""

import sys

from labkit.notebook.beside import Beside, neighbours
from labkit.notebook.exercises import check
from labkit.notebook.guesses import Guess, guess, off_by
from labkit.notebook.imaging import Imaging, imaging
from labkit.notebook.looking import Look, look
from labkit.notebook.magic import register
from labkit.notebook.measuring import Measurement, measure, what_can_run
from labkit.notebook.modes import mode
from labkit.notebook.tables import Tables, anew

__all__ = [
    "Beside",
    "Guess",
    "Imaging",
    "Look",
    "Measurement",
    "Tables",
    "anew",
    "check",
    "guess",
    "imaging",
    "look",
    "measure",
    "mode",
    "neighbours",
    "off_by",
    "what_can_run",
]

if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()) is not None:
    register(shell)
