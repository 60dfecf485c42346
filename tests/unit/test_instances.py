"""Several instances at once: started in a row, read together, and surely ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from labkit.errors import StoreError, UsageError
from labkit.experiments.benchmark import instances, planning, stats
from labkit.experiments.benchmark import plan as make_plan
from labkit.experiments.benchmark.charts import instances as chart_of
from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.measure.records import InstanceReading
from labkit.recordings import reader, tables
from labkit.recordings.facts import Limits
from labkit.recordings.words import SEVERAL
from labkit.recordings.writer import Writer
from tests.unit.charts.made_up import MANIFEST, MIB, make_run
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock

SMALL = Limits(memory_mib=64)


def measure(backend: FakeBackend, clock: FakeClock, count: int = 3) -> list[InstanceReading]:
    return instances.measure(backend, NO_IMAGE, SMALL, count, clock=clock)


def test_all_are_read_with_each_further_one_and_ended() -> None:
    clock = FakeClock()
    backend = FakeBackend(clock=clock)
    rows = measure(backend, clock)
    assert [row.running for row in rows if row.role == "host"] == [0, 1, 2, 3]
    assert all(row.host_available_bytes and row.error is None for row in rows)
    assert backend.launched == backend.cleaned == 3


def test_what_was_read_before_a_failure_stays() -> None:
    clock = FakeClock()
    backend = FakeBackend(clock=clock, fails_at=3)
    rows = measure(backend, clock)
    assert [row.running for row in rows] == [0, 1, 2, 2]
    assert rows[-1].instance == 3 and "it broke" in str(rows[-1].error)
    assert backend.launched == backend.cleaned == 3


def test_an_interrupt_ends_all_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    backend = FakeBackend(clock=clock)

    def interrupt(seconds: float) -> None:
        if backend.launched == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(clock, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        measure(backend, clock)
    assert backend.launched == backend.cleaned == 2


def test_without_room_nothing_is_started() -> None:
    clock = FakeClock()
    backend = FakeBackend(clock=clock)
    (row,) = instances.measure(backend, NO_IMAGE, Limits(memory_mib=2**30), 2, clock=clock)
    assert "no room" in str(row.error) and backend.launched == 0


def reading(running: int, instance: int | None, role: str, **figures: Any) -> InstanceReading:
    empty = dict.fromkeys(InstanceReading.model_fields)
    named = {"backend": "docker", "running": running, "instance": instance, "at_s": 1.0}
    return InstanceReading.model_validate(
        {**empty, **named, "meter": role, "role": role, **figures}
    )


def docker() -> list[InstanceReading]:
    """The services grow by 2 MiB with each; the second instance shares a page with the first."""
    rows = []
    for running, sizes in enumerate([[], [10], [9, 9]]):
        left = (1000 - 15 * running) * MIB
        rows.append(reading(running, None, "host", host_available_bytes=left))
        used = (100 + 2 * running) * MIB
        rows.append(reading(running, None, "services", pss_bytes=used))
        rows += [
            reading(running, i, "instance", pss_bytes=size * MIB) for i, size in enumerate(sizes, 1)
        ]
    return rows


def table(rows: list[InstanceReading]) -> pd.DataFrame:
    return stats.instances(tables.frame(rows, InstanceReading), make_run(n=1).trials)


def pick(found: pd.DataFrame, metric: str, role: str, column: str) -> list[float]:
    rows = found[(found["metric"] == metric) & (found["role"] == role)]
    return [size / MIB for size in rows[column]]


def test_the_cost_of_the_nth_is_the_difference_of_the_totals() -> None:
    found = table(docker())
    assert pick(found, "pss", "instance", "marginal_bytes") == [10, 8]
    assert pick(found, "pss", "services", "marginal_bytes") == [2, 2]
    assert pick(found, "pss", "all", "marginal_bytes") == [12, 10]
    assert pick(found, "pss", "all", "total_bytes") == [12, 22]
    assert pick(found, "host_delta", "host", "marginal_bytes") == [15, 15]
    assert "rss" not in set(found["metric"]), "it was never read"


def test_services_that_come_with_the_first_instance_are_its_cost() -> None:
    found = table([row for row in docker() if row.running or row.role == "host"])
    assert pick(found, "pss", "services", "marginal_bytes") == [102, 2]


def test_a_total_with_a_part_that_was_not_read_is_not_known() -> None:
    rows = docker()
    rows[-1] = rows[-1].model_copy(update={"pss_bytes": None})
    found = table(rows)
    assert pd.isna(pick(found, "pss", "all", "marginal_bytes")[1])


def test_the_chart_names_each_and_their_sum() -> None:
    chart = chart_of(table(docker()), badge="made up")
    assert "docker (native): 1st 12.0 MiB, 2nd 10.0 MiB; together 22.0 MiB" in chart.alt
    assert len(chart.figure.axes[0].patches) == 2


def test_who_is_left_out_is_named_with_the_reason() -> None:
    infos = {
        **MANIFEST.backends,
        "qemu": MANIFEST.backends["qemu"].model_copy(
            update={"unsupported": {SEVERAL: "one at a time"}}
        ),
    }
    some = MANIFEST.plan.model_copy(update={"instances": {"docker": 2, "host": 2}})
    manifest = MANIFEST.model_copy(update={"plan": some, "backends": infos})
    found = stats.left_out(manifest)
    assert found["qemu"] == "one at a time" and "takes too long" in found["virtualbox"]
    assert "docker" not in found
    assert stats.left_out(MANIFEST) == {}
    chart = chart_of(table(docker()), left_out={"qemu": "one at a time"})
    assert any("Left out: qemu, one at a time." in t.get_text() for t in chart.figure.texts)


def stored(path: Path, plan: dict[str, int]) -> Path:
    """A run with what was read of two containers; its plan has so many instances."""
    planned = MANIFEST.plan.model_copy(update={"instances": plan})
    manifest = MANIFEST.model_copy(update={"plan": planned})
    writer = Writer.begin(path, EXPERIMENT, manifest)
    writer.append({"instances": docker()}, {})
    writer.finish("plan", {})
    writer.close()
    return path


def test_they_come_back_as_they_were_written(tmp_path: Path) -> None:
    run = reader.read(stored(tmp_path / "run", {"docker": 2, "host": 2}), EXPERIMENT)
    assert len(run.instances) == len(docker())
    assert run.instances.columns.tolist() == list(InstanceReading.model_fields)


def test_those_of_a_backend_that_the_plan_has_none_of_are_noticed(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        reader.read(stored(tmp_path / "run", {}), EXPERIMENT)


@pytest.mark.parametrize(
    "change", [None, lambda b: b[:-1], lambda b: b.replace(b"10485760", b"104857600")]
)
def test_a_table_that_the_ending_vouches_for(tmp_path: Path, change: Any) -> None:
    table = stored(tmp_path / "run", {"docker": 2}) / "instances.csv"
    if change is None:
        table.unlink()
    else:
        assert change(table.read_bytes()) != table.read_bytes()
        table.write_bytes(change(table.read_bytes()))
    with pytest.raises(StoreError):
        reader.read(tmp_path / "run", EXPERIMENT)


def test_who_has_how_many() -> None:
    names = ("host", "docker", "qemu", "virtualbox", "virtualbox-resumed")
    plan = make_plan(names, profile="reference")
    assert plan.instances == {"host": 4, "docker": 4, "qemu": 4}, "the others are too slow"
    assert "instances at once: host 4, docker 4, qemu 4" in planning.describe(plan)
    assert make_plan(names).instances == {}
    asked = make_plan(names, instances=2).instances
    assert asked == dict.fromkeys(names[:4], 2), "one snapshot is one machine"


@pytest.mark.parametrize("count", [0, -1, 65])
def test_a_number_of_instances_that_makes_no_sense(count: int) -> None:
    with pytest.raises(UsageError):
        make_plan(("host",), instances=count)
