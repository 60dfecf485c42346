"""data/README.md explains each column of the neighbours, and what is done to them."""

from __future__ import annotations

from labkit.experiments.neighbours.noise import PASS_MIB, PRESSURE_MIB
from labkit.experiments.neighbours.planning import DISK_MIB_PER_S, PLENTY_MIB, limits_of
from labkit.experiments.neighbours.records import (
    KINDS,
    NeighboursManifest,
    NeighboursPlan,
)
from labkit.recordings.manifest import Manifest
from tests.unit.dictionary import names, tables


def test_what_the_neighbours_do_is_what_the_lab_has_them_do() -> None:
    rows = {row[0].strip("`"): row for row in tables("neighbours/trials.csv")[0]}
    assert tuple(rows) == KINDS
    assert f"{PRESSURE_MIB} MiB" in rows["memory"][1] and f"{PASS_MIB} MiB" in rows["disk"][1]
    assert f"{PLENTY_MIB} MiB" in rows["memory"][2]
    assert f"{limits_of('memory', 'limited').memory_mib} MiB" in rows["memory"][3]
    assert f"{DISK_MIB_PER_S} MiB/s" in rows["disk"][3]


def test_each_field_that_its_manifest_has_of_its_own() -> None:
    own = [name for name in NeighboursManifest.model_fields if name not in Manifest.model_fields]
    plan = [f"plan.{name}" for name in NeighboursPlan.model_fields]
    rows = tables("neighbours/manifest.json")[0]
    assert names(rows) == [*plan, *(name for name in own if name != "plan")]
    assert all(len(row) == 3 and all(row) for row in rows)
