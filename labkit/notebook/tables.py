"""Small tables that are no run, live or recorded, as LAB_MODE allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from labkit.kept import Kept
from labkit.notebook.modes import Shown, Source, fresh_or_recorded
from labkit.records import About


@dataclass(frozen=True, repr=False)
class Tables(Shown):
    kept: Kept
    source: Source
    reason: str

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        return self.kept.tables

    @property
    def about(self) -> About:
        return self.kept.about


def anew(recorded: Kept, make: Callable[[], Kept]) -> Tables:
    """What `make` gives, or `recorded`, as LAB_MODE says: see labkit.notebook.modes."""
    return Tables(
        *fresh_or_recorded(recorded, lambda: (make(), "Made just now, on this computer."))
    )
