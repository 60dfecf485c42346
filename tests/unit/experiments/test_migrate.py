"""Runs of the older format: brought up to date, or refused where they were changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labkit.errors import StoreError, UsageError
from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.experiments.migrate import migrate
from labkit.recordings import files
from labkit.recordings.journal import JOURNAL
from labkit.recordings.writer import Writer
from tests.unit.charts.made_up import MANIFEST
from tests.unit.recordings.written import broken_off, load, records, written
from tests.unit.test_instances import docker


def older(path: Path) -> Path:
    """The same run as the lab wrote it before."""
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["run_id"] = manifest.pop("recording_id")
    manifest["schema_version"] = 2
    for name in ("experiment", "versions"):
        del manifest[name]
    for info in manifest["backends"].values():
        info["cannot"] = info.pop("unsupported")
    (path / "manifest.json").write_text(json.dumps(manifest))
    if (path / "ending.json").exists():
        ending = json.loads((path / "ending.json").read_text())
        ending["trials"] = ending.pop("batches")
        del ending["left_out"]
        ending["digests"]["manifest.json"] = files.digest_of((path / "manifest.json").read_bytes())
        (path / "ending.json").write_text(json.dumps(ending))
    else:
        (path / JOURNAL).unlink()
    return path


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.glob("*.csv")}


def test_a_complete_run_keeps_every_byte_of_its_tables(tmp_path: Path) -> None:
    path = older(written(tmp_path, records(1), records(2)))
    (path / "report.html").write_text("a page")
    (path / "my-notes.csv").write_text("a user's own")
    before = contents(path)
    assert migrate(path)
    assert contents(path) == before and (path / "report.html").read_text() == "a page"
    run = load(path)
    assert run.trials["trial"].tolist() == [1, 2] and run.ending is not None
    assert not migrate(path), "it is up to date now"
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_one_that_was_broken_off_can_be_gone_on_with(tmp_path: Path) -> None:
    path = older(broken_off(tmp_path, records(1)))
    with (path / "results.csv").open("a") as table:
        table.write("2,fake,cpu,Mi")  # it was killed here
    assert migrate(path)
    assert load(path).trials["trial"].tolist() == [1]
    writer = Writer.reopen(path, EXPERIMENT)
    writer.append(records(2).rows(), {})
    writer.close()
    assert load(path).trials["trial"].tolist() == [1, 2]


def test_instances_that_were_read_before_it_was_broken_off_stay(tmp_path: Path) -> None:
    plan = MANIFEST.plan.model_copy(update={"instances": {"docker": 2}})
    writer = Writer.begin(tmp_path / "run", EXPERIMENT, MANIFEST.model_copy(update={"plan": plan}))
    writer.append({"instances": docker()}, {})
    writer.close()
    path = older(tmp_path / "run")
    before = contents(path)
    assert migrate(path) and contents(path) == before


def test_the_folder_in_which_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = older(written(tmp_path, records(1)))
    monkeypatch.chdir(path)
    assert migrate(Path())
    assert load(path).trials["trial"].tolist() == [1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_a_table_that_is_gone_is_named(tmp_path: Path) -> None:
    path = older(written(tmp_path, records(1)))
    (path / "results.csv").unlink()
    with pytest.raises(StoreError, match=r"results\.csv"):
        migrate(path)


def test_one_that_was_changed_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = older(written(tmp_path, records(1)))
    table = path / "results.csv"
    table.write_bytes(table.read_bytes().replace(b"1.5", b"15.0"))
    before = contents(path)
    with pytest.raises(StoreError):
        migrate(path)
    assert contents(path) == before


@pytest.mark.parametrize("manifest", [{"schema_version": 1}, {}, {"other": "file"}])
def test_what_is_no_run_is_refused(tmp_path: Path, manifest: dict[str, Any]) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UsageError):
        migrate(tmp_path)
