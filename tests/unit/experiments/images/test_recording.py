"""A recording of images, part by part: complete, broken off, with parts that cannot be made; and
with figures that do not agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from labkit.errors import BackendError, StoreError, UsageError
from labkit.experiments import engine, images
from labkit.experiments.images import experiment, measure
from labkit.experiments.images.experiment import EXPERIMENT
from labkit.experiments.images.records import TABLES, DriftRun, ImagesManifest, Layer
from labkit.experiments.images.setting import Setting
from labkit.experiments.table import load
from labkit.measure.session import Session
from labkit.recordings import files, tables
from labkit.recordings.facts import BackendInfo
from labkit.recordings.reader import ENDING, Recording
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock

DOCKER = {"docker": BackendInfo(family="container", engine="native", version="1")}
ROW = DriftRun(
    change="c", moment="before", place="p", status=1, out="", err="two\nlines, and «more»"
)
LAYER = Layer(image="a", layer=1, title="t", digest="d", files=1, size_bytes=1, disk_bytes=None)


class Parts:
    """Two parts without Docker; `broken` is what the second says instead of its rows."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.broken: BaseException | None = None

    def layers(self, given: Setting) -> list[Layer]:
        self.made.append("layers")
        return [LAYER]

    def drift(self, given: Setting) -> list[DriftRun]:
        self.made.append("drift")
        if self.broken is not None:
            raise self.broken
        return [ROW]


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    parts = Parts()

    @contextmanager
    def opened(*args: Any, **choices: Any) -> Iterator[Session]:
        yield Session(NO_IMAGE, NO_IMAGE, {})

    @contextmanager
    def docker_of(plan: Any) -> Iterator[Any]:
        yield None

    monkeypatch.setattr(engine, "opened", opened)
    monkeypatch.setattr(measure, "docker_of", docker_of)
    monkeypatch.setattr(measure, "make_backend", lambda name: FakeBackend(name, clock=FakeClock()))
    monkeypatch.setattr(measure, "PARTS", {"layers": parts.layers, "drift": parts.drift})
    monkeypatch.setattr(experiment, "storage_driver", lambda plan: "overlay2")
    monkeypatch.setattr(experiment, "backends_of", lambda plan, image: DOCKER)
    return parts


def made(path: Path, names: tuple[str, ...] = ("layers", "drift")) -> Recording[ImagesManifest]:
    found: Recording[ImagesManifest] = images.run(names, out=path, progress=False)
    return found


def test_what_is_written_is_read_again(parts: Parts, tmp_path: Path) -> None:
    found = made(tmp_path / "it")
    assert found.manifest.plan.trials == {"layers": 1, "drift": 1}
    assert found.ending is not None and found.ending.batches == 2
    assert found.drift.to_dict("records") == [ROW.model_dump()]
    assert found.copy_up.empty and not found.left_out
    again = load(tmp_path / "it")
    pd.testing.assert_frame_equal(again.layers, found.layers)
    assert "drift:" in EXPERIMENT.text(again) and "copy_up" not in EXPERIMENT.text(again)


def test_a_part_that_cannot_be_made_is_left_out_with_its_reason(
    parts: Parts, tmp_path: Path
) -> None:
    parts.broken = BackendError("it broke")
    found = made(tmp_path / "it")
    assert found.ending is not None and list(found.left_out) == ["drift"]
    assert "it broke" in found.left_out["drift"] and len(found.layers) == 1
    assert "it broke" in EXPERIMENT.text(load(tmp_path / "it"))


def test_where_no_part_can_be_made_its_reason_is_the_error(parts: Parts, tmp_path: Path) -> None:
    parts.broken = BackendError("it broke")
    with pytest.raises(BackendError, match="it broke"):
        made(tmp_path / "it", ("drift",))
    assert load(tmp_path / "it").ending is None


@pytest.mark.parametrize("why", [KeyboardInterrupt(), OSError(28, "no room")])
def test_a_resumed_one_makes_the_parts_that_are_missing(
    why: BaseException, parts: Parts, tmp_path: Path
) -> None:
    parts.broken = why
    with pytest.raises(type(why)):
        made(tmp_path / "it")
    broken_off = load(tmp_path / "it")
    assert broken_off.ending is None and len(broken_off.layers) == 1 and broken_off.drift.empty
    parts.broken = None
    found = images.run(resume=tmp_path / "it", progress=False)
    assert parts.made == ["layers", "drift", "drift"]
    assert found.ending is not None and len(found.drift) == len(found.layers) == 1


def test_a_part_that_was_left_out_is_tried_again(parts: Parts, tmp_path: Path) -> None:
    """Where that goes well, nothing is left of the reason."""
    parts.broken = BackendError("it broke")
    session = Session(NO_IMAGE, NO_IMAGE, {}, left_out={"drift": "before"})
    assert [list(batch) for batch in measure.measure(_plan(), session)] == [["layers"]]
    assert "it broke" in session.left_out["drift"]
    parts.broken = None
    session.before = {"layers": [LAYER]}
    assert [list(batch) for batch in measure.measure(_plan(), session)] == [["drift"]]
    assert not session.left_out


def _plan() -> Any:
    return images.plan(["layers", "drift"])


@pytest.mark.parametrize(
    "choices",
    [
        {"parts": ["x"]},
        {"parts": []},
        {"parts": "layers"},
        {"parts": ["layers"], "repeats": 0},
        {"parts": ["cold_load"], "machines": ["docker"]},
    ],
)
def test_what_makes_no_sense_is_an_error_before_anything_is_built(choices: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        images.run(**choices)


def test_what_is_no_matter_of_chance_is_looked_at_once() -> None:
    assert images.plan(repeats=3).trials == {
        "layers": 1,
        "page_sharing": 1,
        "copy_up": 3,
        "cold_load": 3,
        "base_images": 3,
        "drift": 1,
    }
    assert images.plan(["drift", "copy_up"]).trials == {"copy_up": 10, "drift": 1}


def changed(**values: Any) -> Callable[[Any], Any]:
    return lambda row: row.model_copy(update=values)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("layers", changed(size_bytes=7)),
        ("page_sharing", changed(container=11)),
        ("page_sharing", changed(pss_bytes=1)),
        ("page_sharing", changed(trial=2)),
        ("copy_up", changed(seconds=0.0)),
        ("copy_up", changed(trial=11)),
        ("cold_load", changed(files=0)),
        ("cold_load", changed(seconds=-1.0)),
        ("base_images", changed(ready_s=0.001)),
        ("base_images", changed(trial=0)),
    ],
)
def test_figures_that_do_not_agree_are_refused_with_whatever_digest(
    table: str, change: Callable[[Any], Any], tmp_path: Path
) -> None:
    record = TABLES[table].record
    file = copied(tmp_path / "it") / f"{table}.csv"
    rows = tables.parse(file.read_bytes(), record)
    # Of the row: the first step of a way, or a layer that other images have, too.
    place = 1 if table == "layers" else 0
    rows = [change(row) if number == place else row for number, row in enumerate(rows)]
    write_anew(file, (tables.head(record) + tables.text(rows)).encode())
    with pytest.raises(StoreError) as refused:
        load(tmp_path / "it")
    assert file.name in refused.value.brief and refused.value.details


def copied(folder: Path) -> Path:
    folder.mkdir()
    for file in load("images").path.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def write_anew(file: Path, content: bytes) -> None:
    """With its digest in the ending."""
    file.write_bytes(content)
    ending = json.loads((file.parent / ENDING).read_text())
    ending["digests"][file.name] = files.digest_of(content)
    (file.parent / ENDING).write_text(json.dumps(ending))
