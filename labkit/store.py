"""A run's folder: manifest.json and four CSV files, one row a record.

A trial is written, flushed and synchronized as soon as it ended; its row in trials.csv comes
last, so a trial is either there with all that belongs to it, or not at all.
"""

from __future__ import annotations

import csv
import io
import os
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from labkit.errors import StoreError
from labkit.paths import reference_dir, runs_dir
from labkit.records import SCHEMA_VERSION, Manifest, Milestone, Record, Result, Sample, Trial

# The order of writing: trials last.
TABLES: Mapping[str, type[Record]] = {
    "samples": Sample,
    "results": Result,
    "milestones": Milestone,
    "trials": Trial,
}


@dataclass(frozen=True)
class TrialRecords:
    """All that one trial leaves behind."""

    trial: Trial
    milestones: Sequence[Milestone] = ()
    results: Sequence[Result] = ()
    samples: Sequence[Sample] = ()


@dataclass(frozen=True)
class Run:
    """A loaded run; the frames have the columns of the record classes, in their order."""

    path: Path
    manifest: Manifest
    trials: pd.DataFrame
    milestones: pd.DataFrame
    results: pd.DataFrame
    samples: pd.DataFrame


class RunWriter:
    """Writes a run's folder, trial by trial."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        try:
            path.mkdir(parents=True)
            for name, kind in TABLES.items():
                _write_synced(path / f"{name}.csv", ",".join(kind.model_fields) + "\n")
            # Last: a folder without it is no run yet, so that a run is never half begun.
            draft = path / "manifest.json.part"
            _write_synced(draft, manifest.model_dump_json(indent=1) + "\n")
            draft.rename(path / "manifest.json")
        except FileExistsError:
            raise StoreError(
                f"{path} is there already",
                details="a run is never written over another one",
                resolution="name another folder with --out, or move this one away",
            ) from None
        except OSError as error:
            raise _write_error(path, error) from error

    def append(self, records: TrialRecords) -> None:
        """Adds one trial; StoreError when the disk does not take it (what was there stays)."""
        rows: Mapping[str, Sequence[Record]] = {
            "samples": records.samples,
            "results": records.results,
            "milestones": records.milestones,
            "trials": [records.trial],
        }
        sizes = {name: (self.path / f"{name}.csv").stat().st_size for name in TABLES}
        try:
            for name in TABLES:
                _append_synced(self.path / f"{name}.csv", _csv_text(rows[name]))
        except OSError as error:
            for name, size in sizes.items():
                os.truncate(self.path / f"{name}.csv", size)
            raise _write_error(self.path, error) from error


def load(run: str | Path) -> Run:
    """Reads a run: a folder, or the id of one in data/runs or data/reference.

    Raises StoreError when a file is missing, torn or not what it should be.
    """
    path = find(run)
    manifest = _read_manifest(path / "manifest.json")
    frames = {name: _read_table(path / f"{name}.csv", kind) for name, kind in TABLES.items()}
    finished = set(frames["trials"]["trial"])
    for name, frame in frames.items():
        # Rows of a trial that never got its own row: the run was killed while it was written.
        frames[name] = frame[frame["trial"].isin(finished)].reset_index(drop=True)
    return Run(path, manifest, **frames)


def find(run: str | Path) -> Path:
    """The folder of a run; StoreError when there is none."""
    candidates = [Path(run), runs_dir() / str(run), reference_dir() / str(run)]
    for candidate in candidates:
        if (candidate / "manifest.json").is_file():
            return candidate
    raise StoreError(
        f"there is no run {str(run)!r}",
        details="looked for manifest.json in " + ", ".join(str(c) for c in candidates),
        resolution="name a folder that labkit run has written, or its id",
    )


def _read_manifest(path: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise _damaged(path, str(error)) from error
    if manifest.schema_version != SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {manifest.schema_version}, not {SCHEMA_VERSION}",
            resolution="read it with the version of the lab that wrote it, or record it anew",
        )
    return manifest


def _read_table(path: Path, kind: type[Record]) -> pd.DataFrame:
    """One CSV file → frame, each row checked against its record class."""
    try:
        records = _parse_table(path.read_bytes().decode(), kind)
    except (OSError, ValueError, csv.Error) as error:
        raise _damaged(path, str(error)) from error
    columns = {
        name: pd.Series([getattr(record, name) for record in records], dtype=_dtype(kind, name))
        for name in kind.model_fields
    }
    return pd.DataFrame(columns)


def _parse_table(text: str, kind: type[Record]) -> list[Record]:
    if not text.endswith("\n"):
        raise ValueError(f"its last line (line {text.count(chr(10)) + 1}) is torn")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    if not rows or rows[0] != list(kind.model_fields):
        raise ValueError(f"its first line is not: {','.join(kind.model_fields)}")
    return [_parse_row(kind, row, number) for number, row in enumerate(rows[1:], 2)]


def _parse_row(kind: type[Record], row: list[str], number: int) -> Record:
    if len(row) != len(kind.model_fields):
        raise ValueError(f"line {number} has {len(row)} fields, not {len(kind.model_fields)}")
    fields = dict(zip(kind.model_fields, row, strict=True))
    values = {
        name: None if value == "" and _may_be_none(kind, name) else value
        for name, value in fields.items()
    }
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"line {number}, {first['loc'][0]}: {first['msg']}") from error


def _members(kind: type[Record], name: str) -> tuple[object, ...]:
    annotation = kind.model_fields[name].annotation
    if isinstance(annotation, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _may_be_none(kind: type[Record], name: str) -> bool:
    return types.NoneType in _members(kind, name)


def _dtype(kind: type[Record], name: str) -> str:
    """The column's type in a frame; numbers that may be empty are floats with NaN."""
    members = _members(kind, name)
    if float in members:
        return "float64"
    if int in members:
        return "float64" if types.NoneType in members else "int64"
    return "object"


def _csv_text(records: Sequence[Record]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for record in records:
        writer.writerow(_cell(value) for value in record.model_dump().values())
    return buffer.getvalue()


def _cell(value: object) -> object:
    """Microseconds are more than any clock here resolves; a console's line ends become ours."""
    if isinstance(value, str):
        return "\n".join(value.splitlines()) if "\r" in value else value
    return round(value, 6) if isinstance(value, float) else value


def _write_synced(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _append_synced(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _write_error(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the run could not be written to {path}",
        details=error.strerror or str(error),
        resolution="make room or name another folder with --out; finished trials are kept",
    )


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path} is damaged or missing",
        details=why,
        resolution="restore it from a copy, or record the run anew with labkit run",
    )
