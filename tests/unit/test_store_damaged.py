"""Runs whose files were changed, torn or swapped: each fault is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from labkit.errors import StoreError
from labkit.store import load
from tests.unit.test_store import broken_off, records, written


def damage(path: Path, change: Any) -> None:
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("trials.csv", lambda b: b[:-1], "torn"),
        ("trials.csv", lambda b: b[:-9] + b"\n", "line 2 has 10 fields, not 15"),
        ("trials.csv", lambda b: b"", "first line"),
        ("trials.csv", lambda b: b"\xff\xfe" + b, "codec"),
        ("samples.csv", lambda b: b.replace(b"0.1", b"x"), "line 2, at_s"),
        ("samples.csv", lambda b: b"a,b\n1,2\n", "first line"),
        ("results.csv", lambda b: b + b"\x00\n", "line 3|line contains NUL"),
        ("milestones.csv", None, "No such file"),
        ("ending.json", lambda b: b[: len(b) // 2], "JSON"),
        ("ending.json", lambda b: b.replace(b"plan", b"whim"), "reason"),
        ("manifest.json", lambda b: b[: len(b) // 2], "JSON"),
        ("manifest.json", lambda b: b'{"schema_version": 1}', "run_id"),
        # Valid rows and facts, but not those that were measured.
        ("trials.csv", lambda b: b.replace(b",0.5,", b",0.4,"), "changed after the run's end"),
        ("samples.csv", lambda b: b.replace(b",0.1,1,", b",0.2,1,"), "changed after the run's"),
        ("manifest.json", lambda b: b.replace(b'"seed": 0', b'"seed": 1'), "changed after"),
        ("ending.json", lambda b: b.replace(b'"samples.csv"', b'"sample.csv"'), "its digests"),
    ],
)
def test_a_damaged_file_is_named_with_its_fault(
    tmp_path: Path, name: str, change: Any, why: str
) -> None:
    path = written(tmp_path, records())
    if change is None:
        (path / name).unlink()
    else:
        damage(path / name, change)
    with pytest.raises(StoreError, match=name) as caught:
        load(path)
    assert re.search(why, caught.value.details)


def test_another_schema_version_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    damage(path / "manifest.json", lambda b: b.replace(b'_version": 2', b'_version": 99', 1))
    with pytest.raises(StoreError, match="schema version 99"):
        load(path)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("trials.csv", lambda b: b + b.split(b"\n")[1] + b"\n", "trial 1: a row is there twice"),
        ("samples.csv", lambda b: b + b.split(b"\n")[1] + b"\n", "trial 1: a row is there twice"),
        ("trials.csv", lambda b: b.replace(b"fake", b"fame"), "no backend 'fame'"),
        ("trials.csv", lambda b: b.replace(b"native", b"tcg"), "family, engine or start"),
        ("trials.csv", lambda b: b.replace(b"\n1,1,", b"\n1,0,"), "cannot be in block 0"),
        ("trials.csv", lambda b: b.replace(b",ok,", b",failed,"), "its error does not fit"),
        ("trials.csv", lambda b: b.replace(b",1,,,\n", b",1" + b"0" * 30 + b",,,\n"), "sense"),
        ("trials.csv", lambda b: b.replace(b",0.5,", b",nan,"), "finite"),
        ("results.csv", lambda b: b.replace(b"fake", b"fame"), "not of 'fame'"),
        ("results.csv", lambda b: b.replace(b"cpu", b"cpa"), "no workload 'cpa'"),
        ("milestones.csv", lambda b: b.replace(b"requested", b"bequested"), "no milestone"),
        ("milestones.csv", lambda b: b.replace(b"requested", b"ready"), "startup_s=0.5"),
    ],
)
def test_rows_that_do_not_belong_together_are_named(
    tmp_path: Path, name: str, change: Any, why: str
) -> None:
    """In a run that was broken off, which has no digests yet."""
    path = broken_off(tmp_path, records())
    damage(path / name, change)
    with pytest.raises(StoreError) as caught:
        load(path)
    assert re.search(why, caught.value.details)


def test_a_table_that_lost_whole_rows_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path, records(1), records(2))
    damage(path / "trials.csv", lambda b: b"\n".join(b.split(b"\n")[:2]) + b"\n")
    with pytest.raises(StoreError, match=r"trials\.csv") as caught:
        load(path)
    assert "holds 1 trials; the run ended with 2" in caught.value.details
