"""Comparing two runs: what is refused, what is said, what is drawn."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from labkit.errors import UsageError
from labkit.experiments.benchmark import comparability, comparison
from labkit.experiments.benchmark.records import Run, RunManifest
from labkit.experiments.benchmark.stats.cpu import PER_SECOND, PER_UNIT
from labkit.guest.workload import parse_task
from labkit.measure.plan import Plan
from labkit.recordings.comparability import host_differences
from labkit.recordings.facts import Limits
from tests.unit.charts.made_up import make_run
from tests.unit.experiments.benchmark.made_up_programs import with_programs
from tests.unit.programs.samples import FIO


def run(names: tuple[str, ...] = ("host", "docker"), n: int = 4, **manifest: Any) -> Run:
    made = make_run(names, n=n)
    made.manifest = made.manifest.model_copy(update=manifest)
    return made


def other_engine(made: Run) -> Run:
    """The same run with qemu under kvm."""
    made.trials.loc[made.trials["backend"] == "qemu", "engine"] = "kvm"
    infos = dict(made.manifest.backends)
    infos["qemu"] = infos["qemu"].model_copy(update={"engine": "kvm"})
    manifest = made.manifest.model_copy(update={"backends": infos})
    return replace(made, manifest=manifest)


def plan(manifest: RunManifest, **changes: Any) -> Any:
    return manifest.plan.model_copy(update=changes)


def test_runs_that_may_be_compared_give_a_table_that_fits_a_terminal() -> None:
    text = comparison.compare(run(), run(n=12)).text()
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert "Computers: the same" in text
    assert "docker (native)" in lines
    assert "n = 4" in text and "n = 12" in text
    assert "n = 4, fewer than 10: intervals cover less than they say." in text
    assert "FORCED" not in text and "host CPU per second (cpu)" not in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"image_digest": "sha256:another"}, "lab image: sha256:01234 and sha256:anoth"),
        ({"workload_digests": {"cpu": "1" * 64}}, "workload cpu: 000000000000 and 111111111111"),
        ({"plan": {"limits": Limits(cpus=2)}}, "limits: 1 CPU, 256 MiB and 2 CPU, 256 MiB"),
        ({"plan": {"workloads": ("cpu:mib=1",)}}, "settings of cpu: none and mib=1"),
    ],
)
def test_what_may_not_be_compared_is_refused_and_forced_with_a_warning(
    changes: dict[str, Any], says: str
) -> None:
    first = run()
    if "plan" in changes:
        changes = {"plan": plan(first.manifest, **changes["plan"])}
    second = run(**changes)
    with pytest.raises(UsageError, match="may not be compared") as caught:
        comparison.compare(first, second)
    assert caught.value.details == says
    forced = comparison.compare(first, second, force=True)
    assert forced.text().startswith("FORCED: these runs may not be compared")
    assert says in forced.text()
    assert forced.json()["forced"] is True
    assert "FORCED" in forced.chart().badge


def test_another_engine_is_told_in_words_and_never_in_a_figure() -> None:
    first = run(("host", "qemu"))
    second = other_engine(run(("host", "qemu")))
    with pytest.raises(UsageError) as caught:
        comparison.compare(first, second)
    assert caught.value.details == "engine of qemu: tcg and kvm"
    forced = comparison.compare(first, second, force=True)
    assert "Engine of qemu: tcg → kvm: in no figure below" in forced.text()
    assert set(forced.table["backend"]) == {"host"}
    assert "qemu" not in forced.chart().alt


def test_runs_without_anything_in_common_are_refused() -> None:
    with pytest.raises(UsageError, match="nothing in common") as caught:
        comparison.compare(run(("host",)), run(("docker",)))
    assert "A has host (native); B has docker (native)" in (caught.value.details or "")


def test_differences_of_computer_version_and_plan_come_first() -> None:
    first = run()
    host = first.manifest.host.model_copy(update={"kernel": "6.1.0", "load_1m": 3.0})
    infos = dict(first.manifest.backends)
    infos["docker"] = infos["docker"].model_copy(update={"version": "2.0"})
    second = run(host=host, backends=infos, plan=plan(first.manifest, seconds=1.0))
    text = comparison.compare(first, second).text()
    assert "    kernel: 6.18.0 and 6.1.0" in text
    assert "    docker: 1.0 and 2.0" in text
    assert "    seconds of each workload: 2 and 1" in text
    assert "load_1m" not in text
    assert text.index("kernel: 6.18.0 and") < text.index("B / A")


@pytest.mark.parametrize(("nice", "told"), [(None, []), (0, []), (10, ["0 and 10"])])
def test_only_a_priority_that_both_tell_is_a_difference(nice: int | None, told: list[str]) -> None:
    host = run().manifest.host
    first, second = (host.model_copy(update={"nice": value}) for value in (0, nice))
    found = host_differences(first, second)
    assert [f"{one.first} and {one.second}" for one in found if one.what == "nice"] == told


OTHER: dict[str, Any] = {
    "backends": ("host", "docker", "qemu"),
    "workloads": ("cpu", "fork"),
    "warmups": {"host": 1},
    "seconds": 9.0,
    "packages": ("fio",),
    "limits": Limits(network=True),
}


@pytest.mark.parametrize("name", sorted(Plan.model_fields))
def test_all_of_a_plan_is_compared_but_for_what_moves_no_figure(name: str) -> None:
    if name in comparability.UNMOVED:
        return
    first = run()
    second = run(plan=plan(first.manifest, **{name: OTHER[name]}))
    found = [
        *comparability.plan_differences(first.manifest, second.manifest),
        *comparability.obstacles(first.manifest, second.manifest),
    ]
    assert len(found) == 1 and found[0].first != found[0].second


def test_a_limit_of_any_kind_is_an_obstacle() -> None:
    usual = run()
    for limits in (Limits(network=True), Limits(disk_write_mib_per_s=5)):
        other = run(plan=plan(usual.manifest, limits=limits))
        (found,) = comparability.obstacles(usual.manifest, other.manifest)
        assert found.what == "limits"


def test_packages_in_another_version_are_an_obstacle_and_are_named() -> None:
    """Both images are told apart by their digests anyway; these words say what it is."""
    first = run(packages={"fio": "3.33-3", "libc6": "2.36-9"})
    second = run(packages={"fio": "3.35-1", "libc6": "2.36-9", "zlib1g": "1"})
    (found,) = comparability.obstacles(first.manifest, second.manifest)
    assert str(found) == "package fio: 3.33-3 and 3.35-1"


def test_memory_that_was_read_during_other_work_is_not_compared() -> None:
    first = run()
    found = comparison.compare(first, run(plan=plan(first.manifest, workloads=("cpu",))))
    assert set(found.table["quantity"]) == {"startup_s", "ops_per_s", PER_UNIT, PER_SECOND}
    assert "workloads: cpu, syscall, idle and cpu" in found.text()
    assert comparison.MEMORY_OF_OTHER_WORK[:40] in found.text()


def test_a_run_against_itself_or_a_copy_is_told() -> None:
    assert comparison.compare(run(), run()).text().startswith("A and B are the same run")
    assert comparison.compare(run(), run()).json()["shared_trials"] == 8
    assert "8 trials are in both" in comparison.compare(run(), run(n=5)).text()
    other = comparison.compare(run(), run(recording_id="another"))
    assert other.json()["shared_trials"] == 0 and "the same run" not in other.text()


def test_a_busy_run_is_told_with_its_letter() -> None:
    second = run()
    second.trials["load_1m"] = 7.0
    text = " ".join(comparison.compare(run(), second).text().split())
    assert "B: busy computer: up to 7.0 processes" in text
    assert "A: busy" not in text


def test_json_is_plain_and_complete() -> None:
    answer = json.loads(json.dumps(comparison.compare(run(), run()).json(), allow_nan=False))
    assert answer["forced"] is False and answer["obstacles"] == []
    (row,) = [
        row
        for row in answer["rows"]
        if (row["backend"], row["quantity"]) == ("docker", "startup_s")
    ]
    assert row["median_ratio"] == 1.0 and row["few"] is True
    assert {"low_ratio", "high_ratio", "delta", "effect", "n_first", "n_second"} <= set(row)


def test_another_set_up_of_the_same_program_is_told() -> None:
    """Only what both have asked: an older lab has not."""
    first, second, older = run(), run(), run()
    for made, driver in ((first, "overlay2"), (second, "vfs")):
        infos = dict(made.manifest.backends)
        told = {"storage_driver": driver, "runtime": "runc"}
        infos["docker"] = infos["docker"].model_copy(update={"configuration": told})
        made.manifest.backends.update(infos)
    found = comparison.compare(first, second)
    assert "    docker, storage_driver: overlay2 and vfs" in found.text()
    assert found.json()["configuration"] == [
        {"what": "docker, storage_driver", "first": "overlay2", "second": "vfs"}
    ]
    assert "storage_driver" not in comparison.compare(older, second).text()


def programs(*workloads: str, times: float = 1.0, text: str = FIO) -> Run:
    return with_programs(make_run(("host", "docker"), n=4), dict.fromkeys(workloads, text), times)


def test_what_programs_report_is_compared_in_its_unit_and_drawn() -> None:
    found = comparison.compare(programs("fio"), programs("fio", times=2.0))
    rows: Any = found.programs.set_index(["backend", "workload", "metric"])
    assert rows.loc[("docker", "fio", "iops"), "median_ratio"] == pytest.approx(0.5)
    assert rows.loc[("docker", "fio", "p99"), "median_ratio"] == pytest.approx(2.0)
    assert rows.loc[("docker", "fio", "p99"), "delta"] == 1.0
    assert set(rows["unit"]) == {"1/s", "B/s", "us"}
    text = found.text()
    assert "    iops" in text and "/s" in text and "µs" in text and "bandwidth" not in text
    assert max(map(len, text.splitlines())) <= 100
    assert "iops (fio)" in found.chart().alt and "p99 (fio)" in found.chart().alt
    assert len(json.loads(json.dumps(found.json(), allow_nan=False))["programs"]) == len(rows)


def test_the_same_options_are_the_same_however_they_were_asked_for() -> None:
    found = comparison.compare(programs("fio"), programs("fio:rw=randread:cache=cold"))
    assert set(found.programs["workload"]) == {"fio"}
    turned = comparison.compare(programs("fio:rw=randread:cache=cold"), programs("fio"))
    assert set(turned.programs["workload"]) == {"fio:rw=randread:cache=cold"}, "as A names it"
    assert found.json()["program_options"] == []
    older = [programs("fio"), programs("fio:rw=randread")]
    for made in older:
        made.manifest.workload_digests["fio"] = "1" * 64
    found = comparison.compare(*older)
    assert found.programs.empty, "a file that is not this lab's may have other options"


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (["fio"], ["fio:cache=warm"], "Options of fio: cache=cold and cache=warm"),
        (
            ["fio:rw=read:direct=0", "fio:bs=1m"],
            ["fio:rw=read", "fio:bs=1m"],
            "Options of fio: direct=0 and direct=1",
        ),
        (
            ["fio", "fio:bs=1m"],
            ["fio:rw=write"],
            "Options of fio: its usual ones, bs=1m and rw=write",
        ),
    ],
)
def test_other_options_are_told_and_stand_in_no_figure(
    first: list[str], second: list[str], told: str
) -> None:
    found = comparison.compare(programs(*first), programs(*second))
    assert f"{told}: in no figure below" in found.text()
    assert set(found.programs["workload"]) == {
        parse_task(text).work for text in set(first) & set(second)
    }


def test_a_program_of_another_version_is_refused_and_named() -> None:
    first, second = (
        replace(made, manifest=made.manifest.model_copy(update={"packages": {"fio": version}}))
        for made, version in ((programs("fio"), "3.33-3"), (programs("fio"), "3.35-1"))
    )
    with pytest.raises(UsageError) as caught:
        comparison.compare(first, second)
    assert caught.value.details == "package fio: 3.33-3 and 3.35-1"
    assert not comparison.compare(first, second, force=True).programs.empty
