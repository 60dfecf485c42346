"""From a process to a machine: the table and the chart, on made-up figures; and what is pure in the
backends in between."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from labkit.backends import firejail, lxc, nspawn
from labkit.backends.engine_parts import oci_groups
from labkit.backends.table import GROUPS, make_backend
from labkit.errors import CommandError
from labkit.experiments.benchmark import charts, stats
from labkit.experiments.benchmark.profiles import PROFILES
from labkit.experiments.benchmark.stats.spectrum import ASPECTS, LIMITS
from labkit.recordings.facts import Limits
from labkit.recordings.words import FAMILIES
from labkit.system.host import cpu_set
from labkit.system.limits import not_limited
from labkit.system.ownership import Judge
from labkit.system.process import Completed
from tests.unit import marks
from tests.unit.charts.legible import assert_legible, words
from tests.unit.charts.made_up import make_run

RUN = make_run(("qemu", "docker", "host"), n=10)
WHOSE = {"host": "host", "docker": "own", "qemu": "own"}
SEEN = pd.DataFrame(
    [
        (name, aspect, "host" if aspect in ("kernel", "users") and name == "docker" else touches)
        for name, touches in WHOSE.items()
        for aspect in (*ASPECTS, *LIMITS)
    ],
    columns=["backend", "aspect", "touches"],
)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return stats.spectrum(RUN.trials, RUN.results, RUN.samples, SEEN)


def test_it_goes_from_what_shares_the_most_to_what_shares_the_least(table: pd.DataFrame) -> None:
    assert list(table["backend"]) == ["host", "docker", "qemu"]
    assert list(table["shared"]) == [len(ASPECTS) + len(LIMITS), 2, 0]
    assert list(table["median_s"]) == sorted(table["median_s"])


def test_a_call_takes_as_long_as_it_says_how_many_a_second(table: pd.DataFrame) -> None:
    speeds = stats.throughput(RUN.results, RUN.trials)
    speeds = speeds[speeds["workload"] == "syscall"]
    by_backend = dict(zip(speeds["backend"], speeds["median_ops_per_s"], strict=True))
    for row in table.to_dict("records"):
        assert row["median_call_us"] == 1e6 / by_backend[row["backend"]]
        assert row["low_call_us"] <= row["median_call_us"] <= row["high_call_us"]


def test_what_was_not_asked_is_unknown() -> None:
    seen = SEEN[SEEN["backend"] != "qemu"]
    table = stats.spectrum(RUN.trials, RUN.results, RUN.samples, seen).set_index("backend")
    assert set(table.loc["qemu", [*ASPECTS, *LIMITS]]) == {"unknown"}


def test_the_chart_says_all_of_it(table: pd.DataFrame) -> None:
    chart = charts.spectrum(table, badge="made up")
    assert_legible(chart.figure)
    assert all(name in words(chart) for name in (*ASPECTS, *LIMITS))
    shares, *costs = chart.figure.axes
    assert len(shares.patches) == 3 * (len(ASPECTS) + len(LIMITS))
    assert [axes.get_xscale() for axes in costs] == ["log"] * 3
    assert "docker 2, 614 ms; qemu (tcg) 0" in chart.alt


def test_the_group_goes_through_the_families_in_their_order() -> None:
    places = [FAMILIES.index(make_backend(name).family) for name in GROUPS["spectrum"]]
    assert places == sorted(places)
    assert PROFILES["spectrum"].backends == GROUPS["spectrum"]


def test_a_group_of_its_own_holds_to_the_limits_in_version_1(tmp_path: Path) -> None:
    for tree in ("cpuset", "memory", "cpuacct", "systemd"):
        (tmp_path / tree).mkdir()
    (tmp_path / "cpuset/cpuset.mems").write_text("0\n")
    with oci_groups.own_group("labkit-1", Limits(memory_mib=128), tmp_path) as joined:
        assert {path.parent.parent.name for path in joined} == {
            *("cpuset", "memory", "cpuacct", "systemd")
        }
    limit = tmp_path / "memory/labkit-1/memory.limit_in_bytes"
    assert limit.read_text() == str(128 << 20)
    assert (tmp_path / "cpuset/labkit-1/cpuset.mems").read_text() == "0\n"


def test_a_group_of_its_own_holds_to_the_limits_in_version_2(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("memory cpuset")
    with oci_groups.own_group("labkit-1", Limits(memory_mib=128), tmp_path) as joined:
        assert joined == [tmp_path / "labkit-1/cgroup.procs"]
    assert (tmp_path / "labkit-1/memory.max").read_text() == str(128 << 20)
    assert (tmp_path / "labkit-1/cpuset.cpus").read_text() == ",".join(map(str, cpu_set(1)))


@pytest.mark.parametrize("controller", ["memory", "cpuset"])
def test_what_this_kernel_cannot_limit_is_left_out_and_told(
    controller: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    (tmp_path / "cgroup.controllers").write_text(f"cpu {controller}\n")
    with oci_groups.own_group("labkit-1", Limits(), tmp_path):
        made = {path.name for path in (tmp_path / "labkit-1").iterdir()}
    assert {name.partition(".")[0] for name in made} == {controller}
    [caution] = oci_groups.cautions(tmp_path)
    assert {"memory": "CPUs", "cpuset": "memory"}[controller] in caution


def test_one_cpu_needs_nobody_who_limits_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    kept = {"memory": False, "CPUs": False}
    [caution] = not_limited("it", kept)
    assert "memory" in caution


def test_a_group_goes_with_those_that_an_engine_has_made_inside(tmp_path: Path) -> None:
    (tmp_path / "memory/labkit-1/payload/inner").mkdir(parents=True)
    assert oci_groups.sweep_named("labkit-1", tmp_path) == []  # no name of an owner's
    (tmp_path / "memory/labkit-1-2.3-4/payload/inner").mkdir(parents=True)
    assert len(oci_groups.sweep_named("labkit-1-2.3-4", tmp_path)) == 1
    assert not (tmp_path / "memory/labkit-1-2.3-4").exists()


@pytest.mark.parametrize("version_2", [False, True])
def test_lxc_is_told_the_limits_by_the_names_that_hold(
    version_2: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oci_groups, "unified", lambda: version_2)
    monkeypatch.setattr(oci_groups, "limits_swap", lambda: True)
    monkeypatch.setattr(oci_groups, "holds", lambda controller: True)
    lines = lxc.configuration(Path("/r"), Path("/s"), Limits(memory_mib=128), "labkit-1")
    held = "lxc.cgroup2.memory.max" if version_2 else "lxc.cgroup.memory.limit_in_bytes"
    assert f"{held} = {128 << 20}" in lines
    assert "lxc.rootfs.path = dir:/r" in lines and "lxc.rootfs.options = ro" in lines
    assert len([line for line in lines if line.startswith("lxc.cgroup")]) == 4
    assert any("swap" in line or "memsw" in line for line in lines)


def test_of_firejails_files_those_of_a_lab_that_has_ended_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firejail, "NAMES", tmp_path / "name")
    monkeypatch.setattr(firejail, "SANDBOXES", tmp_path / "sandbox")
    names = {"11": f"labkit-{marks.GONE}-1", "12": f"labkit-{marks.LIVES}-1", "13": "browser"}
    for kind in ("name", "sandbox"):
        (tmp_path / kind).mkdir()
        for number, name in names.items():
            (tmp_path / kind / number).write_text(f"{name}\n")
    assert make_backend("firejail").sweep(Judge()) == [f"file {tmp_path}/name/11"]
    for kind in ("name", "sandbox"):
        assert {file.name for file in (tmp_path / kind).iterdir()} == {"12", "13"}


@pytest.mark.parametrize("inside", ["pid:[1]", None])
def test_a_firejail_that_makes_no_boundary_is_missing(
    inside: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, or ends as if all were well."""

    def run(argv: Sequence[str], *, timeout: float) -> Completed:
        if inside is None:
            raise CommandError("firejail failed", details="Error: no namespaces")
        return Completed(tuple(argv), 0, f"{inside}\n", "")

    monkeypatch.setattr("labkit.backends.engine_parts.base.missing_namespaces", lambda *_: None)
    monkeypatch.setattr(firejail, "run", run)
    monkeypatch.setattr(firejail, "PID_NAMESPACE", tmp_path / "pid")
    (tmp_path / "pid").symlink_to("pid:[1]")
    missing = make_backend("firejail").missing()
    assert missing and missing.reason.startswith("firejail makes no boundary here: ")
    assert inside or missing.reason.endswith("no namespaces")


def test_a_path_stays_one_whatever_is_in_it() -> None:
    assert nspawn.escaped(Path("/a:b\\c d")) == "/a\\:b\\\\c d"
    assert lxc.in_fstab(Path("/a b\\c:d")) == "/a\\040b\\134c:d"
