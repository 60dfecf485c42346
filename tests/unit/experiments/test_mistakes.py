"""Five mistakes: which figures make which ratio, and how a figure is got, without any backend."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, cast

import pandas as pd
import pytest

from labkit import notes
from labkit.backends.instance import Instance, Meter
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, UsageError
from labkit.experiments.mistakes import charts, integrity, stats, ways
from labkit.experiments.mistakes.experiment import EXPERIMENT
from labkit.experiments.mistakes.measure import measure, schedule
from labkit.experiments.mistakes.pairs import MISTAKES, Side
from labkit.experiments.mistakes.records import Figure, MistakesOptions, MistakesPlan
from labkit.experiments.mistakes.text import text
from labkit.experiments.table import load
from labkit.guest.protocol import Outcome, Script
from labkit.measure.session import Session
from labkit.record import Record
from labkit.recordings import tables
from labkit.system import file_systems
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock

PLAN = MistakesPlan(backends=("docker", "qemu"), repeats=2, seconds=1, seed=1)
SIDES: dict[str, Side] = {"docker": "container", "qemu": "machine"}


class Asked(Instance):
    """An instance whose scripts take so long as their amount says."""

    def __init__(self, clock: FakeClock, seconds: Callable[[int], float]) -> None:
        self._time = clock
        self._seconds = seconds
        self.asked: list[int] = []

    def meters(self) -> tuple[Any, ...]:
        return ()

    def _wait_gone(self) -> None: ...

    def shell(self, script: Script) -> Outcome:
        amount = int(script.text)
        self.asked.append(amount)
        return Outcome(self._seconds(amount), 0 if amount < 10**6 else 137, b"", b"killed")


def subject(seconds: Callable[[int], float]) -> ways.Subject:
    clock = FakeClock()
    return ways.Subject(Asked(clock, seconds), "machine", Timeline(clock), seconds=1.0)


def figures(of: Callable[[str, str, str], float]) -> list[Figure]:
    """What the plan asks for; of: (backend, mistake, way) → value."""
    return [
        Figure(
            repeat=repeat,
            backend=name,
            family="container" if side == "container" else "hypervisor",
            engine="native" if side == "container" else "tcg",
            mistake=key,
            way=way,
            value=of(name, key, way),
            unit=mistake.unit,
        )
        for repeat in (1, 2)
        for name, side in SIDES.items()
        for key, mistake in MISTAKES.items()
        for way in mistake.ways(side)
    ]


def frame(rows: Sequence[Figure]) -> pd.DataFrame:
    return tables.frame(rows, Figure)


def value(name: str, mistake: str, way: str) -> float:
    """A container does everything ten times as well; what is wrong is twice as much."""
    wrong = {"1 MiB blocks", "Lua 5.1", "by its kernel's clock"}
    return (10.0 if name == "docker" else 1.0) * (2.0 if way in wrong else 1.0)


def test_the_two_ratios_of_a_mistake_differ_by_one_of_four_figures() -> None:
    for mistake in MISTAKES.values():
        assert mistake.published != mistake.right
        changed = sum(a != b for a, b in zip(mistake.published, mistake.right, strict=True))
        # Of what is read too late, both sides are.
        assert changed == (2 if mistake.unit == "CPU" else 1)


def test_ratios_are_of_the_pairs_that_each_mistake_names() -> None:
    table = stats.ratios(frame(figures(value))).set_index(["mistake", "arm"])
    ratio = table["median_ratio"]
    assert ratio.xs("put right", level="arm").tolist() == [10] * 5
    assert ratio["blocks", "as published"] == ratio["versions", "as published"] == 5
    assert ratio["nested", "as published"] == 1
    assert table["container"]["nested", "as published"] == "bubblewrap in qemu"
    assert set(table["n"]) == {2} and table["few"].all()


def test_a_mistake_of_which_one_side_is_missing_has_no_row() -> None:
    rows = [row for row in figures(value) if (row.backend, row.mistake) != ("qemu", "blocks")]
    table = stats.ratios(frame(rows))
    assert set(table["mistake"]) == MISTAKES.keys() - {"blocks"}
    assert stats.ratios(frame([])).empty


def test_a_chart_that_asks_the_reader_does_not_tell_the_ways() -> None:
    table = stats.ratios(frame(figures(value)))
    one = table[table["number"] == 1]
    asking, telling = (charts.ratios(one, ways=told, badge="by hand") for told in (False, True))
    for shown in (asking.alt, asking.svg(), asking.html()):
        assert "MiB blocks" not in shown
    assert "4 KiB blocks / 1 MiB blocks" in telling.alt and "machine_way" in telling.table


def test_where_one_ratio_is_zero_the_axis_begins_there() -> None:
    def idle(name: str, mistake: str, way: str) -> float:
        return 0.0 if (name, way) == ("docker", "after the work") else 1.0

    table = stats.ratios(frame(figures(idle)))
    late = charts.ratios(table[table["mistake"] == "late"])
    assert late.figure.axes[0].get_xscale() == "linear"
    every = charts.ratios(table)
    assert every.figure.axes[0].get_xscale() == "log" and "as published, after" in every.alt


def test_the_text_has_a_line_for_each_ratio() -> None:
    recording = load("mistakes")
    said = text(recording)
    assert all(len(line) <= 100 for line in said.splitlines())
    assert said.count("as published") == said.count("put right") == len(MISTAKES)


def test_a_rate_leaves_out_what_each_start_takes() -> None:
    slow = subject(lambda amount: 0.3 + 0.01 * amount)
    assert ways.rate(slow, str) == pytest.approx(100)
    assert cast(Asked, slow.instance).asked == [1, 4, 16, 64, 16, 64]


@pytest.mark.parametrize("disturbed", [1, 2, 3, 4, 5, 6])
def test_a_second_in_which_the_computer_was_busy_is_no_work(disturbed: int) -> None:
    """It falls on one of the scripts, whichever."""
    asked: list[int] = []

    def seconds(amount: int) -> float:
        asked.append(amount)
        return 0.3 + 0.01 * amount + (1.0 if len(asked) == disturbed else 0.0)

    assert ways.rate(subject(seconds), str) == pytest.approx(100)


def test_a_script_that_fails_is_told() -> None:
    with pytest.raises(BackendError, match="status 137") as raised:
        ways.rate(subject(lambda amount: 0.0), str)
    assert "killed" in raised.value.details


def test_a_machines_cpu_time_is_finer_than_a_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process stands for the machine: one program that lives."""
    me = subject(lambda amount: 0.0)
    meters = (Meter("me", "instance", (os.getpid(),)), Meter("other", "helper", (1,)))
    monkeypatch.setattr(me.instance, "meters", lambda: meters)
    at, spent = ways._spent(me)
    assert at == 0 and next(iter(spent)) == "schedstat_s"
    assert spent["schedstat_s"] != round(spent["schedstat_s"], 2)


@pytest.mark.parametrize(
    ("begin", "end", "each_second"),
    [
        ({"schedstat_s": 5.0, "cpu_s": 5.0}, {"schedstat_s": 5.005, "cpu_s": 5.0}, 0.005),
        # A thread has ended that had taken 0.8 s before, and one has vanished while it was read.
        ({"schedstat_s": 5.0, "cpu_s": 5.0}, {"schedstat_s": 5.2, "cpu_s": 6.0}, 1.0),
        ({"schedstat_s": 5.0, "cpu_s": 5.8}, {"cpu_s": 6.8}, 1.0),
    ],
)
def test_cpu_time_is_a_difference_of_one_source(
    begin: dict[str, float], end: dict[str, float], each_second: float
) -> None:
    assert ways._each_second((1.0, begin), (2.0, end)) == pytest.approx(each_second)


def test_cpu_time_that_no_source_has_both_times_is_none() -> None:
    with pytest.raises(BackendError, match="not to be read"):
        ways._each_second((1.0, {"cgroup_cpu_s": 1.0}), (2.0, {"cpu_s": 1.0}))


def test_each_repeat_has_each_backend_in_an_order_of_the_seed() -> None:
    steps = list(schedule(PLAN))
    assert sorted(steps) == [(n, name) for n in (1, 2) for name in ("docker", "qemu")]
    assert steps == list(schedule(PLAN))


class FakeMachine(FakeBackend):
    family = "hypervisor"


def measured(
    monkeypatch: pytest.MonkeyPatch, before: Sequence[Record] = (), **fails: int
) -> tuple[list[Figure], Session, str]:
    def found(subject: ways.Subject, names: Sequence[str]) -> dict[str, float]:
        return dict.fromkeys(names, 1.0)

    monkeypatch.setattr("labkit.experiments.mistakes.measure.WAYS", dict.fromkeys(MISTAKES, found))
    clock = FakeClock()
    kinds = {"docker": FakeBackend, "qemu": FakeMachine}
    backends = {
        name: kind(name, clock=clock, fails_at=fails.get(name, 0)) for name, kind in kinds.items()
    }
    session = Session(NO_IMAGE, NO_IMAGE, backends, clock=clock, before={"figures": before})
    batches = measure(PLAN, session)
    rows: list[Figure] = []
    while True:
        try:
            rows += cast(list[Figure], next(batches)["figures"])
        except StopIteration as end:
            return rows, session, end.value


def test_each_start_gives_all_figures_of_its_side(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, session, reason = measured(monkeypatch)
    keys = [(row.repeat, row.backend, row.mistake, row.way) for row in rows]
    wanted = figures(value)
    assert sorted(keys) == sorted((r.repeat, r.backend, r.mistake, r.way) for r in wanted)
    assert (reason, session.left_out) == ("plan", {})
    again, _, _ = measured(monkeypatch, before=rows)
    assert not again


def test_a_backend_that_does_not_start_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, session, reason = measured(monkeypatch, qemu=1)
    assert {row.backend for row in rows} == {"docker"} and "it broke" in session.left_out["qemu"]
    assert reason == "plan"
    assert measured(monkeypatch, qemu=1, docker=1)[2] == "failures"


@pytest.mark.parametrize(
    "wrong",
    [
        {"repeats": 0},
        {"seconds": 60},
        {"backends": ["docker"]},
        {"backends": ["qemu"]},
        {"backends": ["host", "qemu"]},
        {"backends": ["docker", "podman", "qemu"]},
        {"backends": ["mars", "qemu"]},
        {"backends": ["docker:image=mine", "qemu"]},
        {"backends": ["docker:distribution=plain", "qemu"]},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError):
        EXPERIMENT.plan(MistakesOptions(**wrong))


def test_its_fio_is_refused_where_disks_would_lie_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file_systems, "kind_of", lambda _: "ext4")
    assert EXPERIMENT.plan(MistakesOptions(backends=["docker", "qemu"]))
    monkeypatch.setattr(file_systems, "kind_of", lambda _: "tmpfs")
    with pytest.raises(BackendError, match="memory, no disk"):
        EXPERIMENT.plan(MistakesOptions(backends=["docker", "qemu"]))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"repeat": 9}, "not in the plan"),
        ({"backend": "host"}, "not in the plan"),
        ({"engine": "kvm"}, "another family or engine"),
        ({"way": "by heart"}, "enters a quotient"),
        ({"unit": "s"}, "its unit"),
    ],
)
def test_a_changed_row_is_found(change: dict[str, Any], why: str) -> None:
    manifest = load("mistakes").manifest
    row = next(row for row in figures(value) if row.backend == "qemu" and row.mistake == "blocks")
    assert not list(integrity.faults(manifest, [row]))
    assert why in " ".join(integrity.faults(manifest, [row.model_copy(update=change)]))


def test_the_recording_holds_what_its_plan_asks_for() -> None:
    recording = load("mistakes")
    table = stats.ratios(recording.figures)
    assert len(table) == 2 * len(MISTAKES) and not notes.caution(table, 6)
    assert (table["n"] == recording.manifest.plan.repeats).all()
