"""The recordings that come with the lab, whichever experiment's: read as they are, and refused
where anything was changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labkit.errors import StoreError
from labkit.experiments.table import experiment, load
from labkit.record import Record
from labkit.recordings import files, reader, tables
from labkit.recordings.reader import ENDING
from labkit.system.paths import reference_dir

# (experiment, table) → a recording that has it.
PLACES = {
    (reader.experiment_of(folder), table.stem): folder.name
    for folder in sorted(reference_dir().iterdir(), reverse=True)
    for table in folder.glob("*.csv")
}
CASES = [pytest.param(name, table, id=f"{kind}-{table}") for (kind, table), name in PLACES.items()]

Lines = list[str]
DAMAGES: dict[str, Callable[[Lines], Lines]] = {
    "changed": lambda lines: [*lines[:-1], chr(ord(lines[-1][0]) ^ 1) + lines[-1][1:]],
    "doubled": lambda lines: [*lines, lines[-1]],
    "cut": lambda lines: lines[:-1],
    "torn": lambda lines: [*lines[:-1], lines[-1][:-5]],
}


def copied(name: str, folder: Path) -> Path:
    return Path(shutil.copytree(reference_dir() / name, folder / "copy"))


@pytest.mark.parametrize("damage", [*DAMAGES, "missing"])
@pytest.mark.parametrize(("name", "table"), CASES)
def test_a_table_that_is_not_as_it_was_is_named(
    name: str, table: str, damage: str, tmp_path: Path
) -> None:
    file = copied(name, tmp_path) / f"{table}.csv"
    lines = file.read_text().splitlines(keepends=True)
    file.unlink()
    if damage != "missing":
        other = DAMAGES[damage](lines)
        assert other != lines
        file.write_text("".join(other))
    with pytest.raises(StoreError) as refused:
        load(file.parent)
    assert file.name in refused.value.brief and refused.value.details


def rewritten(file: Path, change: Callable[[list[Record]], list[Record]]) -> Path:
    """With other rows, and with their digest: somebody has written them so."""
    kind = experiment(reader.experiment_of(file.parent)).tables[file.stem].record
    content = (
        tables.head(kind) + tables.text(change(tables.parse(file.read_bytes(), kind)))
    ).encode()
    file.write_bytes(content)
    ending = json.loads((file.parent / ENDING).read_text())
    ending["digests"][file.name] = files.digest_of(content)
    (file.parent / ENDING).write_text(json.dumps(ending))
    return file.parent


def with_first(**values: Any) -> Callable[[list[Record]], list[Record]]:
    return lambda rows: [rows[0].model_copy(update=values), *rows[1:]]


@pytest.mark.parametrize(("name", "table"), CASES)
def test_rows_that_no_recording_can_have_are_refused_with_whatever_digest(
    name: str, table: str, tmp_path: Path
) -> None:
    """A row that is there twice; a backend that is not there; one that is another."""
    changes = [lambda rows: [*rows, rows[0]]]
    fields = experiment(load(name).manifest.experiment).tables[table].record.model_fields
    if "backend" in fields:
        changes.append(with_first(backend="chess"))
        changes += [with_first(engine="hvf")] if "engine" in fields else []
        changes += [with_first(family="user-space-kernel")] if "family" in fields else []
    for change in changes:
        file = copied(name, tmp_path) / f"{table}.csv"
        with pytest.raises(StoreError) as refused:
            load(rewritten(file, change))
        assert file.name in refused.value.brief and refused.value.details
        shutil.rmtree(file.parent)
