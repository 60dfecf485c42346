"""What is seen behind the boundaries, live or recorded, as LAB_MODE says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from labkit import seen, stats
from labkit.notebook.modes import Shown, Source, fresh_or_recorded
from labkit.seen import Sight
from labkit.seen.facts import SightManifest


@dataclass(frozen=True, repr=False)
class Look(Shown):
    sight: Sight
    source: Source
    reason: str

    @property
    def about(self) -> SightManifest:
        return self.sight.manifest

    @property
    def table(self) -> pd.DataFrame:
        """`stats.seen` of its answers."""
        return stats.seen(self.sight.frame)


def look(recorded: Sight, backends: Sequence[str] | None = None) -> Look:
    """Asks the probe, or gives `recorded`, as LAB_MODE says: see labkit.notebook.modes."""

    def ask() -> tuple[Sight, str]:
        fresh = seen.look(backends)
        words = [f"Measured just now: {', '.join(fresh.manifest.backends)}."]
        words += [f"Left out: {name}: {why}." for name, why in fresh.manifest.left_out.items()]
        return fresh, " ".join(words)

    return Look(*fresh_or_recorded(recorded, ask))
