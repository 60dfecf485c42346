"""Such an experiment as a folder: manifest.json, and neighbours.csv with one row a trial."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from labkit import folders, tables
from labkit.neighbours.records import Experiment, NeighbourTrial
from labkit.paths import reference_dir
from labkit.records import Record

MANIFEST, TABLE = "manifest.json", "neighbours.csv"
RECORDED = "neighbours"
REMEDY = "measure anew (labkit neighbours --out FOLDER), or restore it with git checkout"


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
        """Into a folder of its own; StoreError where something is there."""
        folders.begin(self.path)
        head = folders.table_text(NeighbourTrial, [])
        folders.write(self.path, MANIFEST, manifest, {TABLE: head})

    def add(self, trial: NeighbourTrial) -> None:
        file = self.path / TABLE
        with folders.writing(file), file.open("a", encoding="utf-8", newline="\n") as table:
            table.write(tables.text([trial]))
            table.flush()
            os.fsync(table.fileno())


def load(path: Path | None = None) -> Recorded:
    """Reads a folder back, each row checked; without a path, the recorded experiment that comes
    with the lab. StoreError when something is missing, torn or not what it should be."""
    folder = path or reference_dir() / RECORDED
    manifest = folders.read_about(folder / MANIFEST, Experiment, REMEDY)
    return Recorded(manifest, frame(folders.read_rows(folder / TABLE, NeighbourTrial, REMEDY)))


def frame(rows: Sequence[Record]) -> pd.DataFrame:
    """Trials as a frame, a column a field."""
    return tables.frame(rows, NeighbourTrial)
