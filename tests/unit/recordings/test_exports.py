"""Files made of a recording for readers never take the place of what was measured."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from labkit.errors import StoreError, UsageError
from labkit.experiments import report
from labkit.experiments.benchmark import contribution
from labkit.experiments.table import load_run
from labkit.recordings import files, journal
from labkit.recordings.exports import exporting
from labkit.system.paths import reference_dir


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return Path(shutil.copytree(reference_dir() / "quiet", tmp_path / "quiet"))


@pytest.mark.parametrize("name", ["trials.csv", "samples.csv", "manifest.json", "ending.json"])
def test_no_part_of_a_recording_is_written_over(place: Path, name: str, tmp_path: Path) -> None:
    run, before = load_run(place), (place / name).read_bytes()
    (tmp_path / "link").symlink_to(place / name)
    for target in (place / name, tmp_path / "link"):
        with pytest.raises(UsageError):
            report.write(run, target)
        with pytest.raises(UsageError):
            contribution.contribute(run, target)
    assert (place / name).read_bytes() == before


def test_all_else_is(place: Path, tmp_path: Path) -> None:
    (tmp_path / "grades.csv").write_text("old")
    (tmp_path / "manifest.json").write_text("{}")  # of a page of the web, say
    targets = [place / "report.html", place / "grades.csv", tmp_path / "grades.csv"]
    for target in [*targets, *targets]:  # once more over itself
        with exporting(target):
            target.write_text("new")
        assert target.read_text() == "new"


def test_a_link_that_leads_to_itself_is_told(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(StoreError), exporting(tmp_path / "loop"):
        (tmp_path / "loop").write_text("new")


def test_the_tables_of_a_run_that_was_broken_off_are_parts_too(place: Path) -> None:
    before = (place / "trials.csv").read_bytes()
    extent = journal.Extent(size=len(before), sha256=files.digest_of(before))
    line = journal.Line(extents={"trials.csv": extent})
    (place / "ending.json").unlink()
    (place / journal.JOURNAL).write_text(f"{line.model_dump_json()}\n")
    with pytest.raises(UsageError), exporting(place / "trials.csv"):
        raise AssertionError("it is not written")


def test_an_id_that_leads_elsewhere_names_no_file(place: Path) -> None:
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["recording_id"] = "../../x"
    (place / "manifest.json").write_text(json.dumps(manifest))
    ending = json.loads((place / "ending.json").read_text())
    ending["digests"]["manifest.json"] = files.digest_of((place / "manifest.json").read_bytes())
    (place / "ending.json").write_text(json.dumps(ending))
    with pytest.raises(UsageError):
        contribution.contribute(load_run(place), place.parent / "x.zip")
    assert not (place.parent / "x.zip").exists()


def test_a_page_that_may_not_be_written_costs_the_text_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "usual_place", lambda _: place / "trials.csv" / "report.html")
    assert report.write_beside(load_run(place)) is None
    assert "--out" in capsys.readouterr().err
