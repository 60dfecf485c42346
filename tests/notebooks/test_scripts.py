"""The recording that the %%everywhere cells show holds what these cells ask, and nothing else."""

from __future__ import annotations

from labkit.experiments.shell import cells
from labkit.experiments.shell.plan import together
from labkit.experiments.table import load


def test_the_recorded_scripts_are_those_of_the_notebooks() -> None:
    assert load("shell").manifest.plan == together(
        cells.of_notebooks(), cells.packages_of_notebooks()
    )
