"""Runs whose files were changed, torn or swapped: each fault is named."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labkit.errors import StoreError
from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.recordings import columns, files, journal, reader
from labkit.recordings.checked import REMEDY
from labkit.recordings.journal import JOURNAL, Extent
from labkit.recordings.writer import Writer
from tests.unit.recordings.written import broken_off, load, records, written


@pytest.fixture(params=["row by row", "in columns"], autouse=True)
def reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of reading refuse the same."""
    monkeypatch.setattr(columns, "MANY", 0 if request.param == "in columns" else 1_000_000)


def damage(path: Path, change: Any) -> None:
    path.write_bytes(change(path.read_bytes()))


def journalled(path: Path) -> None:
    """As if the damage had been there when it was written."""
    line = journal.last(path)
    extents = {
        name: Extent(
            size=(path / name).stat().st_size, sha256=files.digest_of((path / name).read_bytes())
        )
        for name in line.extents
    }
    changed = line.model_copy(update={"extents": extents})
    (path / JOURNAL).write_text(changed.model_dump_json() + "\n")


CHANGES = [
    ("trials.csv", lambda b: b[:-1]),
    ("trials.csv", lambda b: b[:-9] + b"\n"),
    ("trials.csv", lambda b: b""),
    ("trials.csv", lambda b: b"\xff\xfe" + b),
    ("trials.csv", lambda b: b.replace(b",0.5,", b",0.4,")),
    ("trials.csv", lambda b: b"\n".join(b.split(b"\n")[:2]) + b"\n"),
    ("samples.csv", lambda b: b.replace(b"0.1", b"x")),
    ("samples.csv", lambda b: b.replace(b",0.1,1,", b",0.2,1,")),
    ("results.csv", lambda b: b.replace(b"1.5", b"15.0")),
    ("milestones.csv", None),
]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        *CHANGES,
        ("trials.csv", lambda b: b + b.split(b"\n")[1] + b"\n"),
        ("results.csv", lambda b: b + b"\x00\n"),
        ("ending.json", lambda b: b[: len(b) // 2]),
        ("ending.json", lambda b: b.replace(b"plan", b"whim")),
        ("ending.json", lambda b: b.replace(b'"samples.csv"', b'"sample.csv"')),
        ("manifest.json", lambda b: b[: len(b) // 2]),
        ("manifest.json", lambda b: b'{"schema_version": 3}'),
        ("manifest.json", lambda b: b.replace(b'"seed": 0', b'"seed": 1')),
    ],
)
def test_a_file_that_was_changed_after_the_end_is_named(
    tmp_path: Path, name: str, change: Any
) -> None:
    """Whatever was changed, also a valid row that is not what was measured."""
    path = written(tmp_path, records(1), records(2))
    (path / name).unlink() if change is None else damage(path / name, change)
    with pytest.raises(StoreError, match=name):
        load(path)


@pytest.mark.parametrize(
    ("name", "change"),
    [*CHANGES, (JOURNAL, lambda b: b[:-10] + b"\n"), (JOURNAL, None)],
)
def test_a_file_that_was_changed_before_the_end_is_named(
    tmp_path: Path, name: str, change: Any
) -> None:
    path = broken_off(tmp_path, records(1), records(2))
    (path / name).unlink() if change is None else damage(path / name, change)
    with pytest.raises(StoreError, match=name):
        load(path)


@pytest.mark.parametrize("more", [b"\x00\n", b"1,2,3\n", b'"torn'])
def test_what_lies_beyond_the_journal_was_being_written_and_does_not_count(
    tmp_path: Path, more: bytes
) -> None:
    path = broken_off(tmp_path, records(1), records(2))
    damage(path / "results.csv", lambda content: content + more)
    assert load(path).trials["trial"].tolist() == [1, 2]


def test_another_schema_version_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    damage(path / "manifest.json", lambda b: b.replace(b'_version": 3', b'_version": 99', 1))
    with pytest.raises(StoreError, match="schema version 99"):
        load(path)


def test_an_older_one_names_the_command_that_brings_it_up_to_date(tmp_path: Path) -> None:
    path = written(tmp_path)
    damage(path / "manifest.json", lambda b: b.replace(b'_version": 3', b'_version": 2', 1))
    damage(path / "manifest.json", lambda b: b.replace(b'"recording_id"', b'"run_id"', 1))
    with pytest.raises(StoreError) as caught:
        load(path)
    assert caught.value.resolution.endswith(f": labkit migrate {path}")


@pytest.mark.parametrize(
    ("version", "damaged"),
    [(b'"3"', True), (b"-1", True), (b"0", True), (b"true", True), (b"null", True), (b"2", False)],
)
def test_no_command_is_named_that_would_refuse_it(
    tmp_path: Path, version: bytes, damaged: bool
) -> None:
    """`labkit migrate` reads runs of an older lab, and nothing else."""
    path = written(tmp_path)
    damage(path / "manifest.json", lambda b: b.replace(b'_version": 3', b'_version": ' + version))
    with pytest.raises(StoreError) as caught:
        load(path)
    assert (caught.value.resolution == REMEDY) is damaged
    assert "labkit migrate" not in caught.value.resolution
    assert not damaged or version.decode() in caught.value.details


@pytest.mark.parametrize("name", ["manifest.json", "ending.json", "trials.csv"])
def test_what_may_not_be_read_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = written(tmp_path, records(1))
    deny(monkeypatch, "read_bytes", lambda file: file.name == name)
    with pytest.raises(StoreError) as caught:
        load(path)
    assert name in caught.value.brief and "damaged" not in caught.value.brief
    assert caught.value.resolution != REMEDY and "chmod" in caught.value.resolution


def deny(monkeypatch: pytest.MonkeyPatch, way: str, where: Callable[[Path], bool]) -> None:
    """As it is for a user without the rights; root has all."""
    real = getattr(Path, way)

    def denied(file: Path) -> Any:
        if where(file):
            raise PermissionError(errno.EACCES, "Permission denied", str(file))
        return real(file)

    monkeypatch.setattr(Path, way, denied)


def test_a_folder_that_may_not_be_entered_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, "is_file", lambda file: file.parent == tmp_path)
    with pytest.raises(StoreError) as caught:
        reader.find(tmp_path)
    assert "chmod" in caught.value.resolution


def test_many_faults_of_a_manifest_are_told_in_one_line(tmp_path: Path) -> None:
    path = written(tmp_path)
    (path / "manifest.json").write_text('{"schema_version": 3, "host": {}}')
    with pytest.raises(StoreError) as caught:
        load(path)
    assert "experiment" in caught.value.details
    assert "\n" not in caught.value.details and "http" not in caught.value.details


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("trials.csv", lambda b: b + b.split(b"\n")[1] + b"\n", "a row is there twice: 1"),
        ("samples.csv", lambda b: b + b.split(b"\n")[1] + b"\n", "a row is there twice: 1"),
        ("trials.csv", lambda b: b.replace(b"fake", b"fame"), "no backend 'fame'"),
        ("trials.csv", lambda b: b.replace(b"native", b"tcg"), "its engine is"),
        ("trials.csv", lambda b: b.replace(b"\n1,1,", b"\n1,0,"), "cannot be in block 0"),
        ("trials.csv", lambda b: b.replace(b",ok,", b",failed,"), "says otherwise is 'ok'"),
        ("trials.csv", lambda b: b.replace(b",ok,", b",disturbed,"), "says otherwise is 'ok'"),
        ("trials.csv", lambda b: b.replace(b",\n", b",2.5\n"), "is 'disturbed'"),
        ("trials.csv", lambda b: b.replace(b"\n1,", b"\n1" + b"0" * 30 + b","), "sense"),
        ("trials.csv", lambda b: b.replace(b",0.5,", b",nan,"), "finite"),
        ("results.csv", lambda b: b.replace(b"fake", b"fame"), "no backend 'fame'"),
        ("results.csv", lambda b: b.replace(b"cpu", b"cpa"), "no workload 'cpa'"),
        ("results.csv", lambda b: b.replace(b"\n1,", b"\n7,"), "no trial 7"),
        ("milestones.csv", lambda b: b.replace(b"requested", b"bequested"), "no milestone"),
        ("milestones.csv", lambda b: b.replace(b"requested", b"ready"), "startup_s=0.5"),
    ],
)
def test_rows_that_do_not_belong_together_are_named(
    tmp_path: Path, name: str, change: Any, why: str
) -> None:
    """Even where the digests are those of the damaged files."""
    path = broken_off(tmp_path, records())
    damage(path / name, change)
    journalled(path)
    with pytest.raises(StoreError) as caught:
        load(path)
    assert re.search(why, caught.value.details)


def older(path: Path) -> Path:
    """As a lab wrote it that did not know whether a trial was disturbed."""
    file = path / "trials.csv"
    rows = [line.rsplit(",", 3)[0] for line in file.read_text().splitlines()]
    file.write_text("\n".join(rows) + "\n")
    journalled(path)
    return path


def test_a_table_of_an_older_lab_lacks_columns_and_is_read(tmp_path: Path) -> None:
    run = load(older(broken_off(tmp_path, records(1), records(2))))
    assert list(run.trials["trial"]) == [1, 2]
    assert run.trials[["stopped_s", "suspended_s", "clock_step_s"]].isna().all(axis=None)


def test_a_table_of_an_older_lab_gets_no_rows_with_more_columns(tmp_path: Path) -> None:
    path = older(broken_off(tmp_path, records(1)))
    for _ in range(2):  # the first try has let the folder go
        with pytest.raises(StoreError, match="cannot be gone on with"):
            Writer.reopen(path, EXPERIMENT)
