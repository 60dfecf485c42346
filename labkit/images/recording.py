"""A recorded folder of the experiments: a manifest and a table each, checked when it is read."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from labkit import paths, tables
from labkit.errors import StoreError
from labkit.images.records import (
    DriftRun,
    FirstWrite,
    FlavourStart,
    FromNothingStep,
    ImagesManifest,
    Layer,
    SharedReading,
)
from labkit.records import Record

MANIFEST = "manifest.json"
# Experiment → what its table holds; the file bears its name.
TABLES: Mapping[str, type[Record]] = {
    "layers": Layer,
    "sharing": SharedReading,
    "first_write": FirstWrite,
    "from_nothing": FromNothingStep,
    "flavours": FlavourStart,
    "drift": DriftRun,
}


@dataclass(frozen=True)
class Recording:
    """The experiments' frames; one that was not made is empty."""

    manifest: ImagesManifest
    layers: pd.DataFrame
    sharing: pd.DataFrame
    first_write: pd.DataFrame
    from_nothing: pd.DataFrame
    flavours: pd.DataFrame
    drift: pd.DataFrame


def recording(manifest: ImagesManifest, rows: Mapping[str, Sequence[Record]]) -> Recording:
    """Manifest and records → frames."""
    frames = {name: tables.frame(rows.get(name, ()), kind) for name, kind in TABLES.items()}
    return Recording(manifest, **frames)


def write(folder: Path, manifest: ImagesManifest, rows: Mapping[str, Sequence[Record]]) -> None:
    """Writes a folder; a table for each experiment that was made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, kind in TABLES.items():
            if name in rows:
                content = tables.head(kind) + tables.text(rows[name])
                (folder / f"{name}.csv").write_text(content, encoding="utf-8", newline="\n")
        text = manifest.model_dump_json(indent=1) + "\n"
        (folder / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoreError(f"{folder} cannot be written", details=str(error)) from error


def load(folder: Path | None = None) -> Recording:
    """A recorded folder; the one that comes with the lab unless another is named. StoreError says
    which line of which file makes no sense."""
    place = folder or paths.reference_dir() / "images"
    try:
        manifest = ImagesManifest.model_validate_json((place / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise StoreError(
            f"there is no recording in {place}", resolution="labkit images --out FOLDER makes one"
        ) from None
    except (OSError, ValidationError) as error:
        raise StoreError(f"{place / MANIFEST} is damaged", details=str(error)) from error
    rows = {name: _read(place / f"{name}.csv", kind) for name, kind in TABLES.items()}
    return recording(manifest, rows)


def _read(file: Path, kind: type[Record]) -> list[Record]:
    if not file.exists():
        return []
    try:
        return tables.parse(file.read_bytes(), kind)
    except (OSError, ValueError, csv.Error) as error:
        raise StoreError(f"{file} is damaged", details=str(error)) from error
