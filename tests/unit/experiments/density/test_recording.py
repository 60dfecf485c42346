"""A recording of many instances: complete, broken off, and with rows that do not agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from labkit.errors import BackendError
from labkit.experiments import density, engine
from labkit.experiments.density import integrity
from labkit.experiments.density import measure as measuring
from labkit.experiments.density.experiment import EXPERIMENT
from labkit.experiments.density.records import DensityManifest
from labkit.experiments.density.starting import starting
from labkit.experiments.table import load
from labkit.measure.session import Session
from labkit.record import Record
from labkit.recordings import reader
from labkit.recordings.reader import Recording
from tests.unit.experiments.density.made_up import Crowd, breaks
from tests.unit.fakes import NO_IMAGE


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """The engine's only backend, instead of Docker."""
    crowd = Crowd()

    @contextmanager
    def opened(names: Any, **choices: Any) -> Iterator[Session]:
        yield Session(NO_IMAGE, NO_IMAGE, {crowd.name: crowd})

    monkeypatch.setattr(engine, "opened", opened)
    monkeypatch.setattr(measuring, "SETTLE_S", 0.0)
    return crowd


def made(path: Path) -> Recording[DensityManifest]:
    found: Recording[DensityManifest] = density.run(
        ["docker"], most=4, repeats=2, seed=1, memory_mib=64, out=path, progress=False
    )
    return found


def test_what_was_measured_is_read_again(crowd: Crowd, tmp_path: Path) -> None:
    found = made(tmp_path / "it")
    assert found.ending is not None and found.ending.batches == len(found.groups) == 12
    assert len(found.starts) == 2 * 2 * 7
    pd.testing.assert_frame_equal(load(tmp_path / "it").starts, found.starts)
    assert EXPERIMENT.failure(found) is None
    assert "docker (native)" in EXPERIMENT.text(found)
    assert list(EXPERIMENT.charts(found, "made up")) == ["density"]
    told = EXPERIMENT.json(found)
    assert {"summary", "startups", "speed_up", "knees"} <= told.keys() and len(told["knees"]) == 1


def test_one_that_is_broken_off_is_read_and_resumed(
    crowd: Crowd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made(tmp_path / "whole")
    left = iter(range(7))

    def killed(*args: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return starting(*args)

    monkeypatch.setattr(measuring, "starting", killed)
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "it")
    assert load(tmp_path / "it").ending is None and len(load(tmp_path / "it").groups) == 7
    monkeypatch.setattr(measuring, "starting", starting)
    resumed = density.run(resume=tmp_path / "it", progress=False)
    assert resumed.ending is not None and crowd.running == 0
    key = ["block", "backend", "level", "way", "status"]
    pd.testing.assert_frame_equal(resumed.groups[key], whole.groups[key])


def test_where_nothing_could_be_started_the_command_fails(crowd: Crowd, tmp_path: Path) -> None:
    crowd.on_launch = breaks(*range(1, 100))
    found = made(tmp_path / "it")
    assert found.ending is not None and found.ending.reason == "failures"
    assert isinstance(EXPERIMENT.failure(found), BackendError)
    assert EXPERIMENT.text(found) and not EXPERIMENT.charts(found, "")


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("groups", {"all_ready_s": 100.0}),
        ("groups", {"all_ready_s": None}),
        ("groups", {"status": "failed"}),
        ("groups", {"status": "left out", "error": "no room"}),
        ("groups", {"error": "it broke"}),
        ("groups", {"memory_bytes": None}),
        ("groups", {"memory_why": "hidden"}),
        ("groups", {"cpu_s": None}),
        ("groups", {"block": 7}),
        ("groups", {"level": 3}),
        ("groups", {"backend": "host"}),
        ("starts", {"startup_s": None}),
        ("starts", {"startup_s": 100.0}),
        ("starts", {"error": "it broke"}),
        ("starts", {"instance": 9}),
        ("starts", {"block": 7}),
        ("starts", None),
    ],
)
def test_rows_that_do_not_agree_are_noticed(
    crowd: Crowd, tmp_path: Path, table: str, change: dict[str, Any] | None
) -> None:
    found = made(tmp_path / "it")
    rows = {name: list(kept) for name, kept in reader.read_rows(found.path, EXPERIMENT).items()}
    assert list(integrity.faults(found.manifest, rows)) == []
    first: Record = rows[table][0]
    rows[table][:1] = [] if change is None else [first.model_copy(update=change)]
    assert list(integrity.faults(found.manifest, rows))
