"""What can run here, and a recording that is live or recorded, as LAB_MODE says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit import charts
from labkit.backends.table import make_backend
from labkit.errors import BackendError
from labkit.experiments.engine import measure as measure_anew
from labkit.experiments.options import checked
from labkit.experiments.table import experiment
from labkit.guest.workload import parse_task
from labkit.notebook.modes import Source, fresh_or_recorded
from labkit.recordings.reader import Recording
from labkit.recordings.words import SLOW_ENGINES
from labkit.setup import diagnosis
from labkit.setup.diagnosis import Diagnosis

if TYPE_CHECKING:
    from IPython.display import HTML


@dataclass(frozen=True, repr=False)
class Measurement:
    """A recording, made just now or recorded earlier; `reason` says why it is the one or the
    other."""

    recording: Recording[Any]
    source: Source
    reason: str

    @property
    def manifest(self) -> Any:
        """When, where and how it was measured."""
        return self.recording.manifest

    @property
    def badge(self) -> str:
        """The line that its charts carry."""
        return charts.badge(self.manifest, self.source)

    def __repr__(self) -> str:
        return f"{self.badge}\n{self.reason}"


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


def measure(recorded: Recording[Any], **options: Any) -> Measurement:
    """Does the experiment of `recorded` once more, with these options (those of its command), or
    gives `recorded`, as LAB_MODE says: see labkit.notebook.modes.

    Unless `backends` are named: those of the recording that can run here without long waits
    (SLOW_ENGINES). Options that make no sense are an error in every mode.
    """
    made_by = experiment(recorded.manifest.experiment)
    checked(made_by.options, **options)
    for name in options.get("backends") or ():
        make_backend(name)
    for text in options.get("workloads") or ():
        parse_task(text)

    def anew() -> tuple[Recording[Any], str]:
        chosen = dict(options)
        if "backends" in {field.name for field in fields(made_by.options)}:
            chosen["backends"] = options.get("backends") or _quick_ones(recorded)
        return _anew(made_by, chosen)

    return Measurement(*fresh_or_recorded(recorded, anew))


def _anew(made_by: Any, options: dict[str, Any]) -> tuple[Recording[Any], str]:
    fresh = measure_anew(made_by, checked(made_by.options, **options))
    used = ", ".join(fresh.manifest.backends)
    words = [f"Measured just now: {used}.", f"Its recording is {fresh.manifest.recording_id}."]
    words += [f"Left out: {name}: {reason}." for name, reason in fresh.left_out.items()]
    failure = made_by.failure(fresh)
    if failure is not None:
        if fresh.ending is not None and fresh.ending.reason == "failures":
            raise failure
        words.append(f"Failed, and left out: {failure.details} (labkit report tells more).")
    return fresh, " ".join(words)


def _quick_ones(recorded: Recording[Any]) -> Sequence[str]:
    findings = diagnosis.examine().findings
    engines = {finding.backend: finding.engine for finding in findings if finding.ready}
    known = recorded.manifest.backends
    bases = {name: name.partition(":")[0] for name in known}  # of a variant, the doctor knows that
    names = [
        name for name, base in bases.items() if engines.get(base, "") not in ("", *SLOW_ENGINES)
    ]
    if not names:
        raise BackendError(
            "nothing that was recorded can run on this computer yet",
            resolution="labkit doctor names what is missing and the command that mends it",
        )
    return names
