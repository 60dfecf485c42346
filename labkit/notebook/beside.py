"""The noisy-neighbour experiment in a notebook: live or recorded, as LAB_MODE says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from labkit import neighbours as lab
from labkit.errors import BackendError
from labkit.notebook.modes import Shown, Source, fresh_or_recorded


@dataclass(frozen=True, repr=False)
class Beside(Shown):
    experiment: lab.Recorded
    source: Source
    reason: str

    @property
    def about(self) -> lab.Experiment:
        return self.experiment.manifest

    @property
    def trials(self) -> pd.DataFrame:
        return self.experiment.trials


def neighbours(recorded: lab.Recorded, **plan: Any) -> Beside:
    """Makes the experiment (`plan`: the arguments of labkit.neighbours.make_plan), or gives
    `recorded`, as LAB_MODE says: see labkit.notebook.modes."""
    return Beside(*fresh_or_recorded(recorded, lambda: _made(plan)))


def _made(plan: dict[str, Any]) -> tuple[lab.Recorded, str]:
    manifest, trials = lab.measure(lab.make_plan(**plan))
    _require_success(trials)
    failed = sum(trial.status == "failed" for trial in trials)
    words = [f"Measured just now: {', '.join(manifest.backends)}."]
    if failed:
        words.append(f"Failed: {failed} of {len(trials)} (column error of .trials).")
    return lab.Recorded(manifest, lab.frame(trials)), " ".join(words)


def _require_success(trials: list[lab.NeighbourTrial]) -> None:
    if not any(trial.status == "ok" for trial in trials):
        errors = "\n".join(trial.error for trial in trials if trial.error)
        raise BackendError("nothing could be measured", details=errors)
