"""The recordings of Docker's insides: read whole or refused, and gone on with where broken off."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

import labkit
from labkit.backends.base import Backend
from labkit.experiments.docker_internals import measure, start_events
from labkit.experiments.docker_internals.experiment import EXPERIMENT
from labkit.experiments.docker_internals.records import DockerInternalsPlan, StartEvent
from labkit.image import LabImage
from labkit.measure.session import Session
from labkit.recordings import reader
from labkit.recordings import tables as tables_of
from labkit.recordings.checked import Checked
from labkit.recordings.writer import Writer
from labkit.system.paths import reference_dir

FILES = {
    "docker-internals": ("tree.csv", "connections.csv", "events.csv"),
    "killed-daemon": ("survivors.csv", "connections.csv"),
}


@pytest.mark.parametrize("name", FILES)
def test_each_that_comes_with_the_lab_can_be_read_and_holds_something(name: str) -> None:
    found = labkit.load(name)
    assert found.manifest.experiment == "docker-internals"
    assert found.ending is not None and found.ending.ended_at >= found.manifest.created_at
    present = {f"{table}.csv" for table, frame in found.tables.items() if len(frame)}
    assert present == set(FILES[name])
    files = {path.name for path in (reference_dir() / name).iterdir()}
    assert files == present | {"manifest.json", "ending.json"}


def begun(path: Path, *tables: str) -> Path:
    """A recording that was broken off, with what the one that comes with the lab has of these."""
    whole = reference_dir() / "docker-internals"
    rows = {
        table: tables_of.parse(
            (whole / f"{table}.csv").read_bytes(), EXPERIMENT.tables[table].record
        )
        for table in tables
    }
    writer = Writer.begin(path, EXPERIMENT, labkit.load(whole).manifest)
    writer.append(rows, {})
    writer.close()
    return path


def test_one_that_was_broken_off_can_be_read(tmp_path: Path) -> None:
    found = labkit.load(begun(tmp_path / "begun", "tree", "connections"))
    assert found.ending is None and found.tree.equals(labkit.load("docker-internals").tree)
    assert found.events.empty and "who asks whom" in EXPERIMENT.text(found)


@pytest.mark.parametrize(
    ("before", "still"), [((), ["tree", "events"]), (("tree", "connections"), ["events"])]
)
def test_what_is_there_is_not_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: tuple[str, ...], still: list[str]
) -> None:
    event = StartEvent(trial=1, backend="docker-cli", source="lab", event="ready", at_s=0.2)
    monkeypatch.setattr(measure, "_tree", lambda *given: {"tree": [], "connections": []})
    monkeypatch.setattr(start_events, "record", lambda *given, **more: [event])
    session = Session(cast(LabImage, None), cast(LabImage, None), {"docker-cli": cast(Backend, 0)})
    session.before = reader.read_rows(begun(tmp_path / "begun", *before), EXPERIMENT)
    batches = list(measure.measure(DockerInternalsPlan(trials=1), session))
    assert [next(iter(rows)) for rows in batches] == still


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("connections", {"server": 4_000_000}),
        ("connections", {"client": 4_000_000}),
        ("events", {"trial": 21}),
        ("events", {"trial": 0}),
    ],
)
def test_a_row_that_belongs_to_nothing_is_a_fault(table: str, change: dict[str, Any]) -> None:
    recording = labkit.load("docker-internals")
    rows = {
        name: tables_of.parse((recording.path / f"{name}.csv").read_bytes(), kind.record)
        if len(recording.tables[name])
        else []
        for name, kind in EXPERIMENT.tables.items()
    }
    assert list(EXPERIMENT.faults(recording.manifest, rows)) == []
    rows[table][0] = rows[table][0].model_copy(update=change)
    assert [name for name, _ in EXPERIMENT.faults(recording.manifest, rows)] == [table]


def test_a_killed_daemon_has_no_tree_and_another_look_no_survivors() -> None:
    recording = labkit.load("killed-daemon")
    assert recording.ending is not None
    contents = reader._finished(recording.path, EXPERIMENT, recording.ending)
    rows = Checked(recording.path, EXPERIMENT, contents)
    usual = labkit.load("docker-internals").manifest
    assert "survivors" in [name for name, _ in EXPERIMENT.faults(usual, rows)]
