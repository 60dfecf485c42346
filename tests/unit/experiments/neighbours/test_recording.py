"""A recording with neighbours: complete, broken off, and with figures that do not agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from labkit import notebook
from labkit.errors import BackendError, StoreError
from labkit.experiments import engine, neighbours
from labkit.experiments.neighbours.experiment import EXPERIMENT
from labkit.experiments.neighbours.records import NeighboursManifest, NeighbourTrial
from labkit.experiments.table import load
from labkit.measure.session import Session
from labkit.notebook import measuring
from labkit.recordings import files, tables
from labkit.recordings.reader import ENDING, Recording
from tests.unit.experiments.neighbours.made_up import Scene
from tests.unit.fakes import NO_IMAGE


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The engine's only backend, instead of Docker."""
    scene = Scene()

    @contextmanager
    def opened(names: Any, **choices: Any) -> Iterator[Session]:
        yield Session(NO_IMAGE, NO_IMAGE, {scene.name: scene})

    monkeypatch.setattr(engine, "opened", opened)
    return scene


def made(path: Path, **choices: Any) -> Recording[NeighboursManifest]:
    usual: dict[str, Any] = {"backends": ["docker"], "blocks": 2, "requests": 5, "seed": 1}
    found: Recording[NeighboursManifest]
    found = neighbours.run(**{**usual, **choices}, out=path, progress=False)
    return found


def test_what_was_measured_is_read_again(scene: Scene, tmp_path: Path) -> None:
    found = made(tmp_path / "it")
    assert found.ending is not None and found.ending.batches == len(found.trials) >= 12
    assert found.manifest.plan.backends == ("docker",) and found.manifest.plan.blocks == 2
    assert set(found.manifest.workload_digests) == {"http", "cpu", "memory", "disk"}
    pd.testing.assert_frame_equal(load(tmp_path / "it").trials, found.trials)
    assert EXPERIMENT.failure(found) is None
    assert "docker (native)" in EXPERIMENT.text(found)
    assert list(EXPERIMENT.charts(found, "made up")) == ["throughput"]  # too few requests for p95
    assert len(EXPERIMENT.json(found)["ratios"]) > 0


def test_one_that_is_broken_off_is_read_and_resumed(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside a group: its victim is started once more, for the conditions that are missing."""
    whole = made(tmp_path / "whole")
    launch, left = scene.launch, iter(range(7))

    def killed(*args: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return launch(*args)

    monkeypatch.setattr(scene, "launch", killed)
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "it")
    broken_off = load(tmp_path / "it")
    assert broken_off.ending is None and 0 < len(broken_off.trials) < len(whole.trials)
    assert len(broken_off.trials) % 3  # inside a group
    monkeypatch.setattr(scene, "launch", launch)
    resumed = neighbours.run(resume=tmp_path / "it", progress=False)
    assert resumed.ending is not None
    key = ["trial", "block", "backend", "kind", "condition", "status"]
    pd.testing.assert_frame_equal(resumed.trials[key], whole.trials[key])


def test_where_nothing_could_be_measured_the_command_fails(scene: Scene, tmp_path: Path) -> None:
    scene._fails_at = 1
    found = made(tmp_path / "it", blocks=1)
    assert found.ending is not None and found.ending.reason == "failures"
    assert isinstance(EXPERIMENT.failure(found), BackendError)


def test_a_notebook_without_any_backend_shows_what_was_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded = load("neighbours")
    monkeypatch.setenv("LAB_MODE", "recorded")
    shown = notebook.measure(recorded, kinds=["cpu"])
    assert shown.recording is recorded and shown.source == "recorded"

    def fails(*args: object) -> None:
        raise BackendError("it broke")

    monkeypatch.setattr(measuring, "measure_anew", fails)
    monkeypatch.setenv("LAB_MODE", "auto")
    shown = notebook.measure(recorded, backends=["host"])
    assert shown.recording is recorded and "it broke" in shown.reason
    monkeypatch.setenv("LAB_MODE", "live")
    with pytest.raises(BackendError):
        notebook.measure(recorded, backends=["host"])


Change = Callable[[list[NeighbourTrial]], list[NeighbourTrial]]


def changed(**values: Any) -> Change:
    """The first trial with a neighbour, with other values."""

    def change(trials: list[NeighbourTrial]) -> list[NeighbourTrial]:
        place = next(n for n, t in enumerate(trials) if t.condition == "unlimited")
        old = trials[place]
        made = {
            name: value(getattr(old, name)) if callable(value) else value
            for name, value in values.items()
        }
        return [*trials[:place], old.model_copy(update=made), *trials[place + 1 :]]

    return change


@pytest.mark.parametrize(
    "change",
    [
        changed(requests_per_s=lambda rate: 10 * rate),
        changed(requests=lambda requests: 10 * requests),
        changed(seconds=lambda seconds: 10 * seconds),
        changed(p95_s=lambda p95: 10 * p95),
        changed(slowest_s=lambda slowest: 1000 * slowest),
        changed(block=7),
        changed(block=0),
        changed(status="failed"),
        changed(error="it broke"),
        changed(neighbour_mib=None),
        changed(amount=lambda amount: 2 * amount),
        changed(condition="alone"),
        lambda trials: [*trials, trials[0].model_copy(update={"trial": len(trials) + 1})],
    ],
)
def test_figures_that_do_not_agree_are_refused_with_whatever_digest(
    change: Change, tmp_path: Path
) -> None:
    found = load("neighbours")
    rows = read_finished(found)
    assert rewritten(found, rows, tmp_path / "same") is not None
    with pytest.raises(StoreError) as refused:
        rewritten(found, change(rows), tmp_path / "other")
    assert "trials.csv" in refused.value.brief and refused.value.details


def read_finished(found: Recording[Any]) -> list[NeighbourTrial]:
    content = (found.path / "trials.csv").read_bytes()
    rows = tables.parse(content, NeighbourTrial)
    return [row for row in rows if isinstance(row, NeighbourTrial)]


def copied(found: Recording[Any], folder: Path) -> Path:
    folder.mkdir()
    for file in found.path.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def rewritten(found: Recording[Any], rows: list[NeighbourTrial], folder: Path) -> Recording[Any]:
    """The recording with other rows, and with their digest."""
    copied(found, folder)
    content = (tables.head(NeighbourTrial) + tables.text(rows)).encode()
    (folder / "trials.csv").write_bytes(content)
    ending = json.loads((folder / ENDING).read_text())
    ending["digests"]["trials.csv"] = files.digest_of(content)
    (folder / ENDING).write_text(json.dumps(ending))
    return load(folder)
