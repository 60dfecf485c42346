"""What can run here, and live or recorded data.

The environment variable LAB_MODE chooses: `live` measures and fails where it cannot, `recorded`
never starts anything, `auto` (the default) measures where something can run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from labkit import charts, diagnosis, lab, stats
from labkit.diagnosis import Diagnosis
from labkit.errors import BackendError, LabError, UsageError
from labkit.records import Engine
from labkit.store import Run

if TYPE_CHECKING:
    from IPython.display import HTML

Mode = Literal["auto", "live", "recorded"]
MODES: dict[str, Mode] = {"auto": "auto", "live": "live", "recorded": "recorded"}

# An interpreted guest needs a minute to start: too long to wait for in a notebook.
SLOW: frozenset[Engine] = frozenset({"vbox-recompiler"})


@dataclass(frozen=True)
class Measurement:
    """A run to draw, live or recorded; `reason` says why it is the one or the other."""

    run: Run
    source: Literal["live", "recorded"]
    reason: str

    @property
    def badge(self) -> str:
        """The line that its charts carry."""
        return charts.badge(self.run.manifest, self.source)

    def __repr__(self) -> str:
        return f"{self.badge}\n{self.reason}"


def mode() -> Mode:
    """What LAB_MODE says. Raises UsageError for a word that it does not know."""
    word = os.environ.get("LAB_MODE", "auto")
    if word not in MODES:
        raise UsageError(
            f"LAB_MODE is {word!r}, which is no mode", resolution=f"use one of: {', '.join(MODES)}"
        )
    return MODES[word]


def what_can_run(found: Diagnosis | None = None) -> HTML:
    """The doctor's answer as a table, one row a backend."""
    from IPython.display import HTML

    rows = [
        {
            "backend": finding.backend,
            "family": finding.family,
            "runs here": "yes" if finding.ready else "no",
            "engine": finding.engine or "–",
            "remarks": finding.reason or "; ".join([finding.version or "", *finding.notes]),
        }
        for finding in (found or diagnosis.examine()).findings
    ]
    with pd.option_context("display.max_colwidth", None):
        table = pd.DataFrame(rows).to_html(
            index=False,
            border=0,
        )
    table = re.sub(r"<(t[dh])>", r'<\1 style="text-align: left">', table)
    return HTML(table)  # type: ignore[no-untyped-call]


def measure(recorded: Run, **plan: Any) -> Measurement:
    """Runs `plan` (the arguments of `labkit.run`) as LAB_MODE allows; otherwise gives `recorded`,
    with the reason.

    Unless `backends` are named: those of the recorded run that can run here without long waits
    (SLOW). In mode `live` an error is raised as it is; in mode `auto` it becomes the reason.
    """
    chosen = mode()
    if chosen == "recorded":
        return Measurement(recorded, "recorded", "Nothing was started: LAB_MODE is recorded.")
    try:
        names = plan.pop("backends", None) or _quick_ones(recorded, diagnosis.examine())
        fresh = lab.run(names, **plan)
        _require_success(fresh)
    except LabError as error:
        if chosen == "live":
            raise
        return Measurement(recorded, "recorded", f"It could not be measured here: {error}")
    lost = ", ".join(stats.failures(fresh.trials)["backend"].unique())
    words = [f"Measured just now: {', '.join(names)}.", f"It is run {fresh.manifest.run_id}."]
    if lost:
        words.append(f"Failed, and left out: {lost} (labkit report tells why).")
    return Measurement(fresh, "live", " ".join(words))


def _quick_ones(recorded: Run, found: Diagnosis) -> Sequence[str]:
    engines = {finding.backend: finding.engine for finding in found.findings if finding.ready}
    known = recorded.manifest.plan.backends
    names = [name for name in known if name in engines and engines[name] not in SLOW]
    if not names:
        raise BackendError(
            "nothing that was recorded can run on this computer yet",
            resolution="labkit doctor names what is missing and the command that mends it",
        )
    return names


def _require_success(run: Run) -> None:
    failed = stats.failures(run.trials)
    if len(failed) == len(run.trials):
        raise BackendError("every trial failed", details="\n".join(failed["error"].dropna()))
