"""What is seen behind the boundaries, live or recorded, as LAB_MODE says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from labkit import charts, seen, stats
from labkit.errors import LabError
from labkit.notebook.measuring import mode
from labkit.seen import Sight


@dataclass(frozen=True)
class Look:
    """Something to draw; `reason` says why it is live or recorded."""

    sight: Sight
    source: Literal["live", "recorded"]
    reason: str

    @property
    def badge(self) -> str:
        """The line that its charts carry."""
        return charts.badge(self.sight.manifest, self.source)

    @property
    def table(self) -> pd.DataFrame:
        """`stats.seen` of its answers."""
        return stats.seen(self.sight.frame)

    def __repr__(self) -> str:
        return f"{self.badge}\n{self.reason}"


def look(recorded: Sight, backends: Sequence[str] | None = None) -> Look:
    """Asks the probe as LAB_MODE allows; otherwise gives `recorded`, with the reason. In mode
    `live` an error is raised as it is; in mode `auto` it becomes the reason."""
    chosen = mode()
    if chosen == "recorded":
        return Look(recorded, "recorded", "Nothing was started: LAB_MODE is recorded.")
    try:
        fresh = seen.look(backends)
    except LabError as error:
        if chosen == "live":
            raise
        return Look(recorded, "recorded", f"It could not be looked at here: {error}")
    words = [f"Measured just now: {', '.join(fresh.manifest.backends)}."]
    words += [f"Left out: {name}: {why}." for name, why in fresh.manifest.left_out.items()]
    return Look(fresh, "live", " ".join(words))
