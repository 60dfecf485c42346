"""The noisy-neighbour experiment in a notebook: live or recorded, as LAB_MODE says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from labkit import charts
from labkit import neighbours as lab
from labkit.errors import BackendError, LabError
from labkit.notebook.measuring import mode


@dataclass(frozen=True)
class Beside:
    """An experiment to draw, live or recorded; `reason` says why it is the one or the other."""

    manifest: lab.Experiment
    trials: pd.DataFrame
    source: Literal["live", "recorded"]
    reason: str

    @property
    def badge(self) -> str:
        """The line that its charts carry."""
        return charts.badge(self.manifest, self.source)

    def __repr__(self) -> str:
        return f"{self.badge}\n{self.reason}"


def neighbours(recorded: lab.Recorded, **plan: Any) -> Beside:
    """Makes the experiment (`plan`: the arguments of labkit.neighbours.make_plan) as LAB_MODE
    allows; otherwise gives the recorded one, with the reason. In mode `live` an error is raised
    as it is; in mode `auto` it becomes the reason."""
    chosen = mode()
    if chosen == "recorded":
        return _kept(recorded, "Nothing was started: LAB_MODE is recorded.")
    try:
        manifest, trials = lab.measure(lab.make_plan(**plan))
        _require_success(trials)
    except LabError as error:
        if chosen == "live":
            raise
        return _kept(recorded, f"It could not be measured here: {error}")
    names = ", ".join(manifest.backends)
    failed = sum(trial.status == "failed" for trial in trials)
    words = [f"Measured just now: {names}."]
    if failed:
        words.append(f"Failed: {failed} of {len(trials)} (column error of .trials).")
    return Beside(manifest, lab.frame(trials), "live", " ".join(words))


def _kept(recorded: lab.Recorded, reason: str) -> Beside:
    return Beside(recorded.manifest, recorded.trials, "recorded", reason)


def _require_success(trials: list[lab.NeighbourTrial]) -> None:
    if not any(trial.status == "ok" for trial in trials):
        errors = "\n".join(trial.error for trial in trials if trial.error)
        raise BackendError("nothing could be measured", details=errors)
