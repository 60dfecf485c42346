"""A run's folder: manifest.json, CSV files with one row a record, and ending.json.

A trial is written, flushed and synchronized as soon as it ended; its row in trials.csv comes
last, so a trial is either there with all that belongs to it, or not at all. A folder without
ending.json is of a run that goes on or was broken off: there, the row that was being written may
be torn. With it, all must be whole, and as it was when the run ended: the ending holds digests.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from labkit import soundness, tables
from labkit.errors import StoreError
from labkit.paths import reference_dir, runs_dir
from labkit.records import (
    SCHEMA_VERSION,
    Ending,
    InstanceReading,
    Manifest,
    Milestone,
    Record,
    Requests,
    Result,
    Sample,
    Trial,
)

# The order of writing: trials last.
TABLES: Mapping[str, type[Record]] = {
    "samples": Sample,
    "requests": Requests,
    "results": Result,
    "milestones": Milestone,
    "trials": Trial,
}
MANIFEST, ENDING = "manifest.json", "ending.json"
# Only in a run that has started several instances at once: replaced as a whole for each backend.
INSTANCES = "instances.csv"


@dataclass(frozen=True)
class TrialRecords:
    """All that one trial leaves behind."""

    trial: Trial
    milestones: Sequence[Milestone] = ()
    results: Sequence[Result] = ()
    samples: Sequence[Sample] = ()
    requests: Sequence[Requests] = ()

    def rows(self) -> Mapping[str, Sequence[Record]]:
        """Table → its rows, in the order of writing."""
        found = (self.samples, self.requests, self.results, self.milestones, [self.trial])
        return dict(zip(TABLES, found, strict=True))


@dataclass(frozen=True)
class Run:
    """A loaded run; the frames have the columns of the record classes, in their order. ending is
    None for a run that was broken off, or goes on."""

    path: Path
    manifest: Manifest
    trials: pd.DataFrame
    milestones: pd.DataFrame
    results: pd.DataFrame
    samples: pd.DataFrame
    requests: pd.DataFrame
    instances: pd.DataFrame
    ending: Ending | None = None


def load(run: str | Path) -> Run:
    """Reads a run: a folder, or the id of one in data/runs or data/reference.

    Raises StoreError when a file is missing, torn or not what it should be.
    """
    path = find(run)
    manifest = read_manifest(path)
    ending = _read_ending(path)
    records = read_tables(path, torn_end=ending is None)
    if ending is not None and ending.trials != len(records["trials"]):
        why = f"it holds {len(records['trials'])} trials; the run ended with {ending.trials}"
        raise _damaged(path / "trials.csv", why)
    if ending is not None:
        _require_unchanged(path, ending)
    several = tables.frame(read_instances(path, manifest), InstanceReading)
    return Run(path, manifest, **frames(records), instances=several, ending=ending)


def read_trials(path: Path) -> list[TrialRecords]:
    """The finished trials in a run's folder, each with all that belongs to it."""
    records = read_tables(path, torn_end=True)
    rows: dict[int, dict[str, list[Any]]] = {}
    for name, kind in records.items():
        for record in kind:
            by_table = rows.setdefault(getattr(record, "trial"), {})  # noqa: B009
            by_table.setdefault(name, []).append(record)
    return [
        TrialRecords(
            found["trials"][0],
            found.get("milestones", []),
            found.get("results", []),
            found.get("samples", []),
            found.get("requests", []),
        )
        for _, found in sorted(rows.items())
    ]


def read_instances(path: Path, manifest: Manifest) -> list[InstanceReading]:
    """What was read of several instances at once; empty for a run whose plan has none."""
    if not manifest.plan.instances:
        return []
    found = _read_table(path / INSTANCES, InstanceReading, torn_end=False)
    readings = [reading for reading in found if isinstance(reading, InstanceReading)]
    for reading in readings:
        if reading.backend not in manifest.plan.instances:
            raise _damaged(path / INSTANCES, f"the plan has no instances of {reading.backend!r}")
    return readings


def frames(records: Mapping[str, Sequence[Record]]) -> dict[str, pd.DataFrame]:
    """Table → its records → its frame."""
    return {name: tables.frame(records[name], kind) for name, kind in TABLES.items()}


def gathered(trials: Iterable[TrialRecords]) -> dict[str, list[Record]]:
    """The records of many trials, by table."""
    found: dict[str, list[Record]] = {name: [] for name in TABLES}
    for trial in trials:
        for name, rows in trial.rows().items():
            found[name] += rows
    return found


def find(run: str | Path) -> Path:
    """The folder of a run; StoreError when there is none."""
    candidates = [Path(run), runs_dir() / str(run), reference_dir() / str(run)]
    for candidate in candidates:
        if (candidate / MANIFEST).is_file():
            return candidate
    raise StoreError(
        f"there is no run {str(run)!r}",
        details=f"looked for {MANIFEST} in " + ", ".join(str(c) for c in candidates),
        resolution="name a folder that labkit run has written, or its id",
    )


def read_manifest(path: Path) -> Manifest:
    """The manifest of a run's folder; StoreError when it is damaged or of another version."""
    file = path / MANIFEST
    try:
        manifest = Manifest.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise _damaged(file, str(error)) from error
    if manifest.schema_version != SCHEMA_VERSION:
        raise StoreError(
            f"{file} has schema version {manifest.schema_version}, not {SCHEMA_VERSION}",
            resolution="read it with the version of the lab that wrote it, or record it anew",
        )
    return manifest


def read_tables(path: Path, *, torn_end: bool) -> dict[str, list[Record]]:
    """Table → its records, of finished trials only. StoreError names the file and its fault."""
    manifest = read_manifest(path)
    found = {
        name: _read_table(path / f"{name}.csv", kind, torn_end=torn_end)
        for name, kind in TABLES.items()
    }
    finished = {record.trial for record in found["trials"] if isinstance(record, Trial)}
    # Rows of a trial that never got its own row: the run was killed while it was written.
    found = {
        name: [record for record in records if getattr(record, "trial") in finished]  # noqa: B009
        for name, records in found.items()
    }
    for table, why in soundness.faults(manifest, found):
        raise _damaged(path / f"{table}.csv", why)
    return found


def digests(path: Path) -> dict[str, str]:
    """File → SHA-256 of its content, of all that a run's ending vouches for."""
    files = [MANIFEST, *(f"{name}.csv" for name in TABLES)]
    files += [INSTANCES] if read_manifest(path).plan.instances else []
    return {name: hashlib.sha256((path / name).read_bytes()).hexdigest() for name in files}


def _require_unchanged(path: Path, ending: Ending) -> None:
    found = digests(path)
    if found.keys() != ending.digests.keys():
        raise _damaged(path / ENDING, "its digests are not those of the run's files")
    for name, digest in found.items():
        if digest != ending.digests[name]:
            why = f"it was changed after the run's end: its SHA-256 is {digest}, and {ENDING} "
            raise _damaged(path / name, f"{why}notes {ending.digests[name]}")


def _read_ending(path: Path) -> Ending | None:
    file = path / ENDING
    try:
        return Ending.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise _damaged(file, str(error)) from error


def _read_table(path: Path, kind: type[Record], *, torn_end: bool) -> list[Record]:
    try:
        return tables.parse(path.read_bytes(), kind, torn_end=torn_end)
    except (OSError, ValueError, csv.Error) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path} is damaged or missing",
        details=why,
        resolution="restore it from a copy, or record the run anew with labkit run",
    )
