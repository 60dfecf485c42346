"""A recorded folder of the experiments: a manifest and a table each, checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from labkit import folders, paths, tables
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
REMEDY = "make one with labkit images --out FOLDER, or restore it with git checkout"
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
    """Writes what there is so far; a table for each experiment that was made."""
    texts = {f"{name}.csv": folders.table_text(TABLES[name], made) for name, made in rows.items()}
    noted = manifest.model_copy(update={"digests": folders.digests(texts)})
    folders.write(folder, MANIFEST, noted, texts)


def load(recorded: str | Path = "images") -> Recording:
    """A recorded folder, or by its name one of those that come with the lab ("images-vfs": Docker
    with another storage driver). StoreError says what is missing, makes no sense, or was changed
    since."""
    place = recorded if isinstance(recorded, Path) else paths.reference_dir() / recorded
    manifest = folders.read_about(place / MANIFEST, ImagesManifest, REMEDY)
    rows: dict[str, Sequence[Record]] = {}
    for name, kind in TABLES.items():
        file = place / f"{name}.csv"
        if (noted := manifest.digests.get(file.name)) is not None:
            rows[name] = folders.read_rows(file, kind, REMEDY, noted)
    return recording(manifest, rows)
