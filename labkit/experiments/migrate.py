"""Runs of an older format, written anew in today's: nothing that was measured is changed.

Before it is read, what is there is checked as that format did: by its digests where the run was
complete; where it was broken off, up to the last trial that was written to its end.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from labkit.errors import UsageError
from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.experiments.benchmark.records import RunManifest
from labkit.measure.records import Trial
from labkit.record import Record
from labkit.recordings import files, tables
from labkit.recordings.manifest import SCHEMA_VERSION
from labkit.recordings.reader import ENDING, MANIFEST
from labkit.recordings.writer import Writer
from labkit.system import owned_files, plain_files

REMEDY = "restore it from a copy"
# A field of a manifest then → now.
RENAMED = {
    "cannot": "unsupported",
    "null_trials": "overhead",
    "same_twice": "a_a",
    "replays": "resamples",
}


def migrate(folder: Path) -> bool:
    """Brings a run into today's format; False where it has that already. StoreError where it is
    damaged. The folder is the old one or the new one, at every moment."""
    folder = folder.resolve()
    old = _document(folder / MANIFEST)
    if old.get("schema_version") == SCHEMA_VERSION:
        return False
    if "run_id" not in old:
        raise UsageError(
            f"{folder} is no run of the lab",
            resolution="what is no run is read by the version that wrote it",
        )
    with files.writing(folder):
        _write_anew(folder, old)
    return True


def _write_anew(folder: Path, old: dict[str, Any]) -> None:
    ending = _ending(folder)
    rows = {name: _rows(folder, name, t.record, ending) for name, t in EXPERIMENT.tables.items()}
    if ending is None:
        done = {row.trial for row in rows["trials"] if isinstance(row, Trial)}
        rows = {
            name: [row for row in records if getattr(row, "trial", None) in {None, *done}]
            for name, records in rows.items()
        }
    with owned_files.unfinished_folder(folder.parent) as place:
        new = place / "new"
        with files.reading(folder / MANIFEST, REMEDY):
            manifest = _manifest(old)
        writer = Writer.begin(new, EXPERIMENT, manifest)
        writer.append(rows, {})
        if ending is not None:
            writer.finish(ending["reason"], {}, ended_at=ending["ended_at"])
        writer.close()
        _carry_over(folder, new)
        owned_files.supersede(folder, new)


def _manifest(old: dict[str, Any]) -> RunManifest:
    kept = {name: value for name, value in old.items() if name != "run_id"}
    new = {
        "experiment": "benchmark",
        "recording_id": old["run_id"],
        "schema_version": SCHEMA_VERSION,
    }
    return RunManifest.model_validate(_renamed(kept) | new)


def _renamed(old: Any) -> Any:
    if isinstance(old, dict):
        return {RENAMED.get(name, name): _renamed(value) for name, value in old.items()}
    return [_renamed(value) for value in old] if isinstance(old, list) else old


def _carry_over(old: Path, new: Path) -> None:
    """What is no part of the recording, such as its report and charts."""
    known = {MANIFEST, ENDING, *(f"{name}.csv" for name in EXPERIMENT.tables)}
    for path in old.iterdir():
        if path.name not in known:
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, new / path.name)


def _ending(folder: Path) -> dict[str, Any] | None:
    """How the run ended, after a look whether it is as it was then; None where it did not."""
    if not (folder / ENDING).is_file():
        return None
    ending = _document(folder / ENDING)
    for name, digest in ending.get("digests", {}).items():
        with files.reading(folder / name, REMEDY):
            if files.digest_of(plain_files.read(folder / name)) != digest:
                raise ValueError("it was changed since it was written")
    return ending


def _rows(folder: Path, name: str, record: type[Record], ending: object) -> Sequence[Record]:
    file = folder / f"{name}.csv"
    if not file.is_file():
        return []
    with files.reading(file, REMEDY):
        return tables.parse(plain_files.read(file), record, torn_end=ending is None)


def _document(file: Path) -> dict[str, Any]:
    with files.reading(file, REMEDY):
        document = from_json(plain_files.read(file))
        if not isinstance(document, dict):
            raise ValueError("it is no manifest")  # noqa: TRY004  as pydantic says it
        return document
