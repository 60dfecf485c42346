"""What can run here, and a run that is live or recorded, as LAB_MODE says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit import diagnosis, lab, stats
from labkit.diagnosis import Diagnosis
from labkit.errors import BackendError
from labkit.notebook.modes import Shown, Source, fresh_or_recorded
from labkit.records import SLOW_ENGINES, Manifest
from labkit.store import Run

if TYPE_CHECKING:
    from IPython.display import HTML


@dataclass(frozen=True, repr=False)
class Measurement(Shown):
    run: Run
    source: Source
    reason: str

    @property
    def about(self) -> Manifest:
        return self.run.manifest


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
    """Runs `plan` (the arguments of `labkit.run`), or gives `recorded`, as LAB_MODE says: see
    labkit.notebook.modes.

    Unless `backends` are named: those of the recorded run that can run here without long waits
    (SLOW_ENGINES).
    """
    return Measurement(*fresh_or_recorded(recorded, lambda: _run(recorded, plan)))


def _run(recorded: Run, plan: dict[str, Any]) -> tuple[Run, str]:
    names = plan.pop("backends", None) or _quick_ones(recorded, diagnosis.examine())
    fresh = lab.run(names, **plan)
    _require_success(fresh)
    words = [f"Measured just now: {', '.join(names)}.", f"It is run {fresh.manifest.run_id}."]
    if lost := ", ".join(stats.failures(fresh.trials)["backend"].unique()):
        words.append(f"Failed, and left out: {lost} (labkit report tells why).")
    return fresh, " ".join(words)


def _quick_ones(recorded: Run, found: Diagnosis) -> Sequence[str]:
    engines = {finding.backend: finding.engine for finding in found.findings if finding.ready}
    known = recorded.manifest.plan.backends
    names = [name for name in known if name in engines and engines[name] not in SLOW_ENGINES]
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
