"""Each boundary of a run: how it is set up, its trials, and why it is in no table, if so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from labkit import notes, units
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.records import Run

HEADINGS = ("boundary", "kind", "engine", "version", "set up", "trials planned", "made", "good")
# Of how a program is set up, what decides about disks, groups and rights.
SHOWN = {
    "storage_driver": "storage driver",
    "storage_type": "on",
    "scratch_file_system": "scratch folder on",
    "disk_cache": "disk cache",
    "cgroup_driver": "cgroup driver",
    "rootless": "rootless",
}


def boundaries(run: Run) -> list[list[str]]:
    """Rows of HEADINGS; of a boundary that made no trial, too."""
    counted = {row.backend: row for row in notes.rows_of(stats.backends(run.trials))}
    return [
        [
            *(name, info.family, info.engine, info.version, _set_up(info.configuration)),
            *(str(run.manifest.plan.trials.get(name, 0)), *_counts(counted.get(name))),
        ]
        for name, info in run.manifest.backends.items()
    ]


def _set_up(told: dict[str, str]) -> str:
    return ", ".join(f"{word} {told[fact]}" for fact, word in SHOWN.items() if fact in told) or "–"


def _counts(row: Any) -> tuple[str, str]:
    return ("0", "0") if row is None else (str(row.n + row.n_failed + row.n_disturbed), str(row.n))


def absent(run: Run, workload: str, shown: pd.DataFrame) -> list[tuple[str, str]]:
    """Boundary, reason: of those that have no row among a workload's."""
    names = set(shown["backend"])
    return [
        (units.label(name, info.engine), _reason(run, name, workload))
        for name, info in run.manifest.backends.items()
        if name not in names
    ]


def _reason(run: Run, name: str, workload: str) -> str:
    cannot = run.manifest.backends[name].unsupported.get(workload.partition(":")[0])
    failed = stats.failures(run.trials)
    errors = [str(error) for error in failed[failed["backend"] == name]["error"]]
    good = {row.backend for row in notes.rows_of(stats.backends(run.trials)) if row.n}
    told = [why for what, why in run.left_out.items() if what in (name, f"{name}, {workload}")]
    told += [cannot] if cannot else []
    if name not in good:
        told = [f"no good trial: {why}" for why in [*errors, *told]] or ["no good trial"]
    return told[0].partition("\n")[0] if told else "it has reported nothing that may be a figure"


def took(run: Run) -> str:
    """From the run's beginning to its end; empty of one that has not ended."""
    if run.ending is None:
        return ""
    begin, end = (
        datetime.fromisoformat(text) for text in (run.manifest.created_at, run.ending.ended_at)
    )
    seconds = (end - begin).total_seconds()
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
