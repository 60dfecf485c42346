"""A recorded folder: what is written is read again, what is damaged is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit import host, images
from labkit.errors import StoreError, UsageError
from labkit.images.recording import TABLES
from labkit.images.records import DriftRun, ImagesManifest

MANIFEST = ImagesManifest(
    created_at="2026-01-01T00:00:00+00:00",
    labkit_version="0",
    host=host.inspect(),
    docker_version="x",
    storage_driver="overlay2",
    image_digest="x",
    python_version="3",
    seed=0,
    trials={"drift": 1},
    left_out={},
    digests={},
)
ROW = DriftRun(
    change="c", moment="before", place="p", status=1, out="", err="two\nlines, and «more»"
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    images.write(tmp_path, MANIFEST, {"drift": [ROW]})
    found = images.load(tmp_path)
    assert found.manifest.model_copy(update={"digests": {}}) == MANIFEST
    assert list(found.manifest.digests) == ["drift.csv"]
    assert found.drift.to_dict("records") == [ROW.model_dump()]
    assert found.layers.empty
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drift.csv", "manifest.json"]


@pytest.mark.parametrize("damage", ["before,x\n", "c,never,p,1,,\n", "c,before,p,one,,\n", "torn"])
def test_a_damaged_table_is_refused(tmp_path: Path, damage: str) -> None:
    images.write(tmp_path, MANIFEST, {"drift": [ROW]})
    with (tmp_path / "drift.csv").open("a") as file:
        file.write(damage)
    with pytest.raises(StoreError, match=r"drift\.csv is damaged"):
        images.load(tmp_path)


def test_a_table_that_was_changed_or_is_gone_is_refused(tmp_path: Path) -> None:
    images.write(tmp_path, MANIFEST, {"drift": [ROW]})
    table = tmp_path / "drift.csv"
    table.write_text(table.read_text().replace("more", "less"))
    with pytest.raises(StoreError, match=r"drift\.csv is damaged") as caught:
        images.load(tmp_path)
    assert "was changed" in caught.value.details
    table.unlink()
    with pytest.raises(StoreError, match=r"drift\.csv is damaged or missing"):
        images.load(tmp_path)


def test_what_is_finished_is_kept_while_the_rest_goes_on(tmp_path: Path) -> None:
    images.write(tmp_path, MANIFEST, {"drift": [ROW]})
    images.write(tmp_path, MANIFEST, {"drift": [ROW, ROW], "layers": []})
    found = images.load(tmp_path)
    assert len(found.drift) == 2 and list(found.manifest.digests) == ["drift.csv", "layers.csv"]


def test_a_damaged_manifest_is_refused_and_a_missing_one_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(StoreError, match="damaged"):
        images.load(tmp_path)
    with pytest.raises(StoreError, match=r"none/manifest\.json is damaged or missing"):
        images.load(tmp_path / "none")


def test_nothing_to_measure_is_an_error_before_anything_is_built() -> None:
    with pytest.raises(UsageError, match="there is no experiment 'x'"):
        images.measure(["x"])
    with pytest.raises(UsageError, match="nothing would be measured"):
        images.measure(["layers"], repeats=0)
    with pytest.raises(UsageError, match="docker is no machine"):
        images.measure(["from_nothing"], machines=["docker"])


def test_each_experiment_has_its_table() -> None:
    assert set(images.EXPERIMENTS) == set(TABLES)
