"""data/README.md explains each field of the tables of images and containers."""

from __future__ import annotations

from labkit.experiments.images.planning import USUAL
from labkit.experiments.images.records import TABLES, ImagesManifest, ImagesPlan
from labkit.recordings.manifest import Manifest
from tests.unit.dictionary import names, tables


def test_each_field_that_its_manifest_has_of_its_own() -> None:
    own = [name for name in ImagesManifest.model_fields if name not in Manifest.model_fields]
    plan = [f"plan.{name}" for name in ImagesPlan.model_fields]
    rows = tables("images/manifest.json")[0]
    assert names(rows) == [*plan, *(name for name in own if name != "plan")]
    assert all(len(row) == 3 and all(row) for row in rows)


def test_each_part_has_its_table() -> None:
    assert list(USUAL) == list(TABLES)
