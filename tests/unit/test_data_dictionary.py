"""data/README.md explains each field of the records, and none that is not there."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from pydantic import BaseModel

from labkit.experiments.benchmark.published import Published
from labkit.experiments.benchmark.records import TABLES as RUN_TABLES
from labkit.experiments.benchmark.records import RunManifest
from labkit.experiments.deployment.records import DeploymentStep
from labkit.experiments.docker_internals.records import Connection, StartEvent, Survivor
from labkit.experiments.selftest.records import SamplingPair, SelftestTrial
from labkit.experiments.table import load
from labkit.measure.plan import Plan
from labkit.recordings.facts import BackendInfo, Limits
from labkit.recordings.manifest import Ending
from labkit.recordings.selftest import (
    AATest,
    Floor,
    Overhead,
    Resampling,
    SamplerCost,
    Selftest,
)
from labkit.recordings.words import MILESTONES, OF_PODS, Engine, Family, Role, Stage, StartKind
from labkit.system.host import Host
from tests.unit.dictionary import names, section, tables

TABLES: dict[str, type[BaseModel]] = {name: table.record for name, table in RUN_TABLES.items()}
NESTED: dict[str, type[BaseModel]] = {
    "plan": Plan,
    "limits": Limits,
    "host": Host,
    "backends": BackendInfo,
}


def fields(kind: type[BaseModel], prefix: str = "") -> list[str]:
    """Dotted names of all fields; `*` stands for a backend's name."""
    result = []
    for name in kind.model_fields:
        if name in NESTED and not (kind is Plan and name == "backends"):
            star = "*." if name == "backends" else ""
            result += fields(NESTED[name], f"{prefix}{name}.{star}")
        else:
            result.append(prefix + name)
    return result


@pytest.mark.parametrize("table", TABLES)
def test_each_column_in_its_order(table: str) -> None:
    columns = tables(f"{table}.csv")[0]
    assert names(columns) == list(TABLES[table].model_fields)
    assert all(len(row) == 5 and row[1] and row[4] for row in columns)


@pytest.mark.parametrize("table", TABLES)
def test_a_column_that_is_never_empty_cannot_be(table: str) -> None:
    for row in tables(f"{table}.csv")[0]:
        kind = TABLES[table].model_fields[row[0].strip("`")].annotation
        optional = type(None) in get_args(kind)
        # Text, empty where there is no unit.
        counts_nothing = (table, row[0]) == ("results", "`unit`")
        assert (row[4] == "never") != (optional or counts_nothing), row


def test_each_column_of_the_steps_of_a_deployment() -> None:
    columns = tables("steps.csv")[0]
    assert names(columns) == list(DeploymentStep.model_fields)
    assert all(len(row) == 5 and row[1] and row[3] and row[4] == "never" for row in columns)


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("tree.csv", Survivor),
        ("connections.csv", Connection),
        ("events.csv", StartEvent),
        ("selftest: trials.csv", SelftestTrial),
        ("selftest: sampling.csv", SamplingPair),
    ],
)
def test_each_column_of_the_smaller_tables(title: str, kind: type[BaseModel]) -> None:
    rows = tables(title)[0]
    assert [name for row in rows for name in names_of_cell(row[0])] == list(kind.model_fields)
    assert all(len(row) == 5 and row[1] and row[4] for row in rows)
    for row in rows:
        for name in names_of_cell(row[0]):
            optional = type(None) in get_args(kind.model_fields[name].annotation)
            assert (row[4] == "never") != (optional or name == "listens"), name


def names_of_cell(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_each_column_of_the_published_figures() -> None:
    rows = tables("published.csv")[0]
    assert names(rows) == list(Published.model_fields)
    for name, meaning, empty in rows:
        kind = Published.model_fields[name.strip("`")].annotation
        assert meaning and (empty == "never") != (type(None) in get_args(kind)), name


@pytest.mark.parametrize("column", ["quantity", "unit", "bound", "statistic", "engine"])
def test_each_word_of_a_published_column(column: str) -> None:
    meaning = dict(zip(names(tables("published.csv")[0]), tables("published.csv")[0], strict=True))
    words = get_args(Published.model_fields[column].annotation)
    for word in {"xen"} if column == "engine" else words:
        assert f"`{word}`" in meaning[column][1]


def test_each_field_of_the_manifest() -> None:
    rows = tables("manifest.json")[0]
    assert names(rows) == fields(RunManifest)
    optional = {
        f"host.{name}" for name in ("hypervisor", "cgroup_version", "load_1m", "nice", "policy")
    }
    optional |= {"plan.until_precision", "plan.budget_s", "selftest"}
    optional |= {"plan.limits.disk_write_mib_per_s", "backends.*.daemon"}
    assert {name for name, row in zip(names(rows), rows, strict=True) if "never" not in row[4]} == (
        optional
    )


def test_each_field_of_the_selftest() -> None:
    nested: dict[str, type[BaseModel]] = {
        "floor": Floor,
        "overhead": Overhead,
        "a_a": AATest,
        "sampler": SamplerCost,
        "false_alarms": Resampling,
    }

    def dotted(kind: type[BaseModel], prefix: str = "") -> list[str]:
        found = []
        for name in kind.model_fields:
            inner = nested.get(name)
            found += dotted(inner, f"{prefix}{name}.*.") if inner else [prefix + name]
        return found

    rows = tables("The selftest")[0]
    described = [name for row in rows for name in names_in(row[0])]
    assert described == dotted(Selftest)
    assert all(len(row) == 4 and row[1] for row in rows)


def names_in(cell: str) -> list[str]:
    """`a.b`, `.c` → a.b and a.c."""
    first, *others = re.findall(r"`([^`]+)`", cell)
    return [first, *(first.rpartition(".")[0] + other for other in others)]


def test_each_field_of_the_ending() -> None:
    assert names(tables("ending.json")[0]) == list(Ending.model_fields)
    reasons = Ending.model_fields["reason"].annotation
    assert all(f"`{reason}`" in section("ending.json") for reason in get_args(reasons))


def test_each_milestone_is_defined_for_each_kind_of_backend() -> None:
    rows = tables("milestones.csv")[1]
    assert names(rows) == [name for name in MILESTONES if name not in OF_PODS]
    assert all(all(row) and len(row) == 5 for row in rows)
    of_pods = tables("milestones.csv")[4]
    assert set(OF_PODS) <= set(names(of_pods)) and all(all(row) for row in of_pods)


@pytest.mark.parametrize(
    ("title", "words"), [("Roles", Role), ("Families", Family), ("Engines", Engine)]
)
def test_each_word_of_a_closed_list(title: str, words: object) -> None:
    assert set(names(tables(title)[0])) == set(get_args(words))


def test_both_kinds_of_start_and_both_stages() -> None:
    for kind in (*get_args(StartKind), *get_args(Stage)):
        assert f"`{kind}`" in section("trials.csv")


def test_each_moment_of_the_reference_run() -> None:
    known = {name.partition(" ")[0] for name in names(tables("Moments")[0])}
    moments = load("first-comparison").samples["moment"].dropna()
    assert {str(moment).partition(" ")[0] for moment in moments} == known
