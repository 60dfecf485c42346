"""Small recorded tables that are no run, in data/reference: what the notebooks show where nothing
can be started. Beside the tables, about.json says when and where they were recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from labkit import folders, host, paths, tables
from labkit.records import (
    About,
    DeploymentStep,
    Joint,
    ProcessRow,
    Record,
    StartEvent,
    Survivor,
)

ABOUT = "about.json"
REMEDY = "restore it with git checkout; data/README.md says how it was recorded"
# Folder → its tables and what is in their rows.
KINDS: Mapping[str, Mapping[str, type[Record]]] = {
    "inside-docker": {"tree": ProcessRow, "joints": Joint, "events": StartEvent},
    "killed-daemon": {"tree": Survivor, "joints": Joint},
    "deployments": {"steps": DeploymentStep},
}


@dataclass(frozen=True)
class Kept:
    """The tables of one folder, each as a frame."""

    about: About
    tables: Mapping[str, pd.DataFrame]


def save(folder: Path, rows: Mapping[str, Sequence[Record]], about: About) -> About:
    """Writes tables and, last, about.json, which says when and where they were recorded, whenever
    they are written; all of a table's rows are of one kind."""
    texts = {
        f"{name}.csv": folders.table_text(type(records[0]), records)
        for name, records in rows.items()
    }
    folders.begin(folder, {ABOUT, *texts})
    noted = about.model_copy(update={"digests": folders.digests(texts)})
    folders.write(folder, ABOUT, noted, texts)
    return noted


def describe(versions: Mapping[str, str]) -> About:
    """Of what is recorded now, on this computer."""
    return About(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        labkit_version=version("labkit"),
        host=host.inspect(),
        versions=dict(versions),
        digests={},
    )


def load(name: str, folder: Path | None = None) -> Kept:
    """What is recorded under a name of KINDS; StoreError where a file is missing, makes no sense,
    or was changed since."""
    place = folder or paths.reference_dir() / name
    about = folders.read_about(place / ABOUT, About, REMEDY)
    found = {}
    for table, kind in KINDS[name].items():
        file = place / f"{table}.csv"
        rows = folders.read_rows(file, kind, REMEDY, about.digests.get(file.name, ""))
        found[table] = tables.frame(rows, kind)
    return Kept(about, found)
