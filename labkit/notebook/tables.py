"""Small tables that are no run, live or recorded, as LAB_MODE allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from labkit import charts
from labkit.errors import LabError
from labkit.kept import Kept
from labkit.notebook.measuring import mode


@dataclass(frozen=True)
class Tables:
    """Tables to draw, live or recorded; `reason` says why they are the one or the other."""

    kept: Kept
    source: Literal["live", "recorded"]
    reason: str

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        return self.kept.tables

    @property
    def badge(self) -> str:
        """The line that its charts carry."""
        return charts.badge(self.kept.about, self.source)

    def __repr__(self) -> str:
        return f"{self.badge}\n{self.reason}"


def anew(recorded: Kept, make: Callable[[], Kept]) -> Tables:
    """What `make` gives, where LAB_MODE allows to start something; otherwise `recorded`, with the
    reason. In mode `live` an error is raised as it is; in mode `auto` it becomes the reason."""
    chosen = mode()
    if chosen == "recorded":
        return Tables(recorded, "recorded", "Nothing was started: LAB_MODE is recorded.")
    try:
        return Tables(make(), "live", "Made just now, on this computer.")
    except LabError as error:
        if chosen == "live":
            raise
        return Tables(recorded, "recorded", f"It could not be done here: {error}")
