"""Such an experiment as a folder: manifest.json, and neighbours.csv with one row a trial."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from labkit import tables
from labkit.errors import StoreError
from labkit.neighbours.records import Experiment, NeighbourTrial
from labkit.paths import reference_dir
from labkit.records import Record

MANIFEST, TABLE = "manifest.json", "neighbours.csv"
RECORDED = "neighbours"


@dataclass(frozen=True)
class Recorded:
    """A loaded experiment; the frame has the fields of NeighbourTrial."""

    manifest: Experiment
    trials: pd.DataFrame


class Folder:
    """An experiment while it is made: each trial is on disk as soon as it ended."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, manifest: Experiment) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=False)
            (self.path / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", "utf-8")
            (self.path / TABLE).write_text(tables.head(NeighbourTrial), "utf-8")
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be made",
                details=str(error),
                resolution="name another folder with --out",
            ) from error

    def add(self, trial: NeighbourTrial) -> None:
        try:
            with (self.path / TABLE).open("a", encoding="utf-8") as file:
                file.write(tables.text([trial]))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(
                f"{self.path / TABLE} cannot be written",
                details=str(error),
                resolution="make room, or name another folder with --out",
            ) from error


def load(path: Path | None = None) -> Recorded:
    """Reads a folder back, each row checked; without a path, the recorded experiment that comes
    with the lab. StoreError when something is missing, torn or not what it should be."""
    folder = path or reference_dir() / RECORDED
    try:
        manifest = Experiment.model_validate_json((folder / MANIFEST).read_text("utf-8"))
        rows = tables.parse((folder / TABLE).read_bytes(), NeighbourTrial)
    except (OSError, ValidationError, ValueError, csv.Error) as error:
        raise StoreError(
            f"{folder} holds no whole experiment with neighbours",
            details=str(error),
            resolution="measure anew: labkit neighbours --out FOLDER",
        ) from error
    return Recorded(manifest, frame(rows))


def frame(rows: Sequence[Record]) -> pd.DataFrame:
    """Trials as a frame, a column a field."""
    return tables.frame(rows, NeighbourTrial)
