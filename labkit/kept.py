"""Small recorded tables that are no run, in data/reference: what the notebooks show where nothing
can be started. Beside the tables, about.json says when and where they were recorded."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from labkit import host, paths, tables
from labkit.errors import StoreError
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


def save(folder: Path, rows: Mapping[str, Sequence[Record]], versions: Mapping[str, str]) -> About:
    """Writes tables and, last, about.json; all of a table's rows are of one kind."""
    folder.mkdir(parents=True, exist_ok=True)
    digests = {}
    for name, records in rows.items():
        content = (tables.head(type(records[0])) + tables.text(records)).encode()
        (folder / f"{name}.csv").write_bytes(content)
        digests[f"{name}.csv"] = _digest(content)
    about = describe(versions, digests)
    (folder / ABOUT).write_text(about.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return about


def describe(versions: Mapping[str, str], digests: Mapping[str, str] | None = None) -> About:
    """Of what is recorded now, on this computer."""
    return About(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        labkit_version=version("labkit"),
        host=host.inspect(),
        versions=dict(versions),
        digests=dict(digests or {}),
    )


def load(name: str, folder: Path | None = None) -> Kept:
    """What is recorded under a name of KINDS; StoreError where a file is missing, makes no sense,
    or was changed since."""
    place = folder or paths.reference_dir() / name
    try:
        about = About.model_validate_json((place / ABOUT).read_bytes())
    except (OSError, ValidationError) as error:
        raise _damaged(place / ABOUT, str(error)) from error
    found = {
        table: _read(place / f"{table}.csv", kind, about) for table, kind in KINDS[name].items()
    }
    return Kept(about, found)


def _read(file: Path, kind: type[Record], about: About) -> pd.DataFrame:
    try:
        content = file.read_bytes()
        records = tables.parse(content, kind)
    except (OSError, ValueError, csv.Error) as error:
        raise _damaged(file, str(error)) from error
    if _digest(content) != about.digests.get(file.name):
        raise _damaged(file, f"it was changed: its SHA-256 is not the one that {ABOUT} notes")
    return tables.frame(records, kind)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _damaged(file: Path, why: str) -> StoreError:
    return StoreError(
        f"{file} is damaged or missing",
        details=why,
        resolution="restore it from a copy; data/README.md says how it was recorded",
    )
