"""The noisy-neighbour experiment on a fake backend: order, pairs, what stays empty, and that
nothing is left running."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any, cast

import pandas as pd
import pytest

from labkit import stats
from labkit.backends.base import SEVERAL
from labkit.charts import neighbours as chart_of
from labkit.errors import BackendError, LabError, StoreError, UsageError
from labkit.image import LabImage
from labkit.neighbours import (
    CONDITIONS,
    KINDS,
    Experiment,
    Folder,
    NeighbourTrial,
    frame,
    load,
    make_plan,
    plan,
    victim,
)
from labkit.neighbours.experiment import Images, perform
from labkit.neighbours.placement import Cpus
from labkit.neighbours.texts import table_text
from labkit.process import HostClock
from labkit.protocol import Answer, Outcome, Request, Script
from labkit.records import Limits
from tests.unit.charts.made_up import MANIFEST
from tests.unit.charts.test_charts import assert_legible, words
from tests.unit.fakes import FakeBackend, FakeClock, FakeInstance

IMAGES = cast(Images, type("_", (), {"plain": None, "networked": None})())
TWO, ONE = Cpus(0, 0), Cpus(0, None)  # CPU 0 is there on any computer


class Working(FakeInstance):
    """Answers at once; one that shall hold its memory is refused what it asks for."""

    def __init__(self, scene: Scene, limits: Limits) -> None:
        self._scene, self._limits = scene, limits
        self.port = 1 if limits.network else None

    def wait_ready(self, timeout: float = 0) -> None: ...

    def stop(self) -> None: ...

    def run(self, request: Request, on_begin: Callable[[], None] = lambda: None) -> Answer:
        on_begin()
        if request.workload == "http":
            return Answer(0, 1, 1, None)
        if self._scene.neighbour_fails:
            raise BackendError("it broke", details="on purpose")
        now = HostClock().now()
        self._scene.worked.set()
        return Answer(now, now, 0, 64 if not self._scene.idle else 0)

    def shell(self, script: Script) -> Outcome:
        refused = "512M" in script.text and self._limits.memory_mib <= 256
        self._scene.worked.set()
        return Outcome(0.1, 137 if refused else 0, b"", b"")


class Scene(FakeBackend):
    """A backend whose instances are `Working`, and what was seen of them."""

    publishes = True
    limits_disk = True
    about_s = 0.1

    def __init__(self, name: str = "docker", **more: Any) -> None:
        super().__init__(name, clock=FakeClock(), **more)
        self.neighbour_fails = self.idle = False
        self.worked = threading.Event()
        self.limits: list[Limits] = []

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Any) -> Iterator[Any]:
        self.limits.append(limits)
        with super().launch(image, limits, timeline):
            yield Working(self, limits)


@pytest.fixture(autouse=True)
def quick_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers after a moment, in which a neighbour can work, and without a port."""

    def answers(port: int, path: str, timeout: float) -> bool:
        sleep(0.001)
        return True

    monkeypatch.setattr(victim, "answers", answers)
    monkeypatch.setattr(victim, "get", lambda port, path: 200)
    monkeypatch.setattr(victim, "wait_for_answer", lambda port, clock: 0.0)
    monkeypatch.setattr(victim, "MOST_WORK", 4)


def measured(scene: Scene, cpus: Cpus = TWO, **choices: Any) -> list[NeighbourTrial]:
    found: list[NeighbourTrial] = []
    chosen = plan.Neighbours(
        **{
            "backends": (scene.name,),
            "kinds": KINDS,
            "blocks": 2,
            "requests": 5,
            "seed": 1,
            **choices,
        }
    )
    perform(chosen, {scene.name: scene}, IMAGES, cpus, found.append)
    return found


def test_each_block_has_each_condition_of_each_kind_once() -> None:
    scene = Scene()
    trials = measured(scene)
    assert [trial.trial for trial in trials] == list(range(1, 19))
    assert {(t.block, t.kind, t.condition) for t in trials} == {
        (block, kind, condition)
        for block in (1, 2)
        for kind in KINDS
        for condition in ("alone", "unlimited", "limited")
    }
    assert {trial.status for trial in trials} == {"ok"}
    assert scene.launched == scene.cleaned == 2 * 3 * 3


def test_the_order_is_random_and_the_seeds() -> None:
    first = [(t.kind, t.condition) for t in measured(Scene())]
    assert first == [(t.kind, t.condition) for t in measured(Scene())]
    assert first != [(t.kind, t.condition) for t in measured(Scene(), seed=2)]


def test_the_neighbour_has_done_something_and_a_limit_has_held() -> None:
    for trial in measured(Scene()):
        if trial.condition == "alone":
            assert trial.neighbour_mib is None and trial.neighbour_cpu is None
        elif (trial.kind, trial.condition) == ("memory", "limited"):
            assert trial.neighbour_mib == 0 and trial.neighbour_refused
        else:
            assert trial.neighbour_mib and trial.neighbour_refused == 0


def test_only_what_is_to_be_limited_is() -> None:
    cells = [(kind, condition) for kind in KINDS for condition in CONDITIONS[1:]]
    limits = {cell: plan.limits_of(*cell) for cell in cells}
    assert limits["memory", "unlimited"].memory_mib > 512 > limits["memory", "limited"].memory_mib
    rates = {cell: found.disk_write_mib_per_s for cell, found in limits.items()}
    assert rates.pop(("disk", "limited")) == 8
    assert set(rates.values()) == {None}
    cpus = {cell: plan.cpu_of(*cell, Cpus(3, 7)) for cell in cells}
    assert cpus.pop(("cpu", "unlimited")) == 3
    assert set(cpus.values()) == {7}


@pytest.mark.parametrize(
    ("change", "cpus", "empty", "reason"),
    [
        ({}, ONE, {("cpu", "limited")}, "a single CPU"),
        ({"limits_disk": False}, TWO, {("disk", "limited")}, "no way to limit"),
        ({"cannot": {"disk": "no disk"}}, TWO, {("disk", c) for c in CONDITIONS}, "no disk"),
        ({"publishes": False}, TWO, {(k, c) for k in KINDS for c in CONDITIONS}, "port"),
        (
            {"cannot": {SEVERAL: "one at a time"}},
            TWO,
            {(k, c) for k in KINDS for c in CONDITIONS},
            "one at a time",
        ),
        ({"start": "resumed"}, TWO, {(k, c) for k in KINDS for c in CONDITIONS}, "saved"),
    ],
)
def test_what_cannot_be_measured_is_empty_and_says_why(
    change: dict[str, Any],
    cpus: Cpus,
    empty: set[tuple[str, str]],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in change.items():
        monkeypatch.setattr(Scene, name, value)
    trials = measured(Scene(), cpus, blocks=1)
    left = [trial for trial in trials if trial.status == "left out"]
    assert {(trial.kind, trial.condition) for trial in left} == empty
    assert all(reason in str(trial.error) and trial.requests is None for trial in left)
    assert len(trials) == 9 and {t.block for t in left} == {0}
    shown = stats.neighbours(frame(trials))
    shown = shown[shown["quantity"] == "throughput"]  # five requests have no p95
    assert shown.loc[shown["n"] == 0, "reason"].str.contains(reason).all()


def test_a_neighbour_that_breaks_spoils_its_condition_only() -> None:
    scene = Scene()
    scene.neighbour_fails = True
    trials = measured(scene, kinds=("cpu",))
    failed = [trial for trial in trials if trial.status == "failed"]
    assert {trial.condition for trial in failed} == {"unlimited", "limited"}
    assert all("it broke" in str(trial.error) and trial.p50_s is None for trial in failed)
    assert scene.launched == scene.cleaned == 6


def test_a_neighbour_that_did_nothing_is_none() -> None:
    scene = Scene()
    scene.idle = True
    failed = [t for t in measured(scene, kinds=("cpu",), blocks=1) if t.status == "failed"]
    assert [trial.condition for trial in failed] == ["unlimited"]
    assert "could not work" in str(failed[0].error)


def test_a_victim_that_does_not_start_takes_no_further_part() -> None:
    scene = Scene(fails_at=1)
    trials = measured(scene, kinds=("cpu",))
    assert [trial.status for trial in trials] == ["failed"] * 3
    assert scene.launched == scene.cleaned == 1


def test_an_interrupt_ends_both_and_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()

    def answers(port: int, path: str, timeout: float) -> bool:
        if scene.launched == 2:
            raise KeyboardInterrupt
        return True

    monkeypatch.setattr(victim, "answers", answers)
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        measured(scene, kinds=("cpu",))
    assert scene.launched == scene.cleaned == 2
    assert threading.active_count() == before


def test_a_slow_backend_is_in_one_block_with_few_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scene, "about_s", 45.0)
    chosen = plan.Neighbours(("virtualbox",), KINDS, 10, 40, 1)
    assert {group.block for group in plan.schedule(chosen)} == {1}
    assert plan.requests_of(Scene(), chosen) == 5
    assert "virtualbox 1" in plan.describe(chosen)


@pytest.mark.parametrize(
    "choices",
    [{"blocks": 0}, {"requests": 1}, {"kinds": ["noise"]}, {"backends": ["chess"]}],
)
def test_what_makes_no_sense(choices: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        make_plan(**{"backends": ["host"], **choices})


# Statistics and chart, on numbers that are made up.


def made_up(n: int = 10, backends: tuple[str, ...] = ("host", "docker")) -> pd.DataFrame:
    noisy = random.Random(1)
    slower = {"alone": 1.0, "unlimited": 2.0, "limited": 1.0}
    rows: list[NeighbourTrial] = []
    for block in range(1, n + 1):
        for name in backends:
            pace = noisy.uniform(0.5, 2)  # the block's own: it must cancel out
            for kind in KINDS:
                for condition, factor in slower.items():
                    took = 0.02 * pace * factor * noisy.uniform(0.98, 1.02)
                    beside = condition != "alone"
                    rows.append(
                        NeighbourTrial(
                            trial=len(rows) + 1,
                            block=block,
                            backend=name,
                            family="baseline" if name == "host" else "container",
                            engine="native",
                            kind=kind,
                            condition=condition,
                            status="ok",
                            requests_per_s=1 / took,
                            p50_s=took,
                            p95_s=took * 2,
                            slowest_s=took * 3,
                            neighbour_mib=100.0 if beside else None,
                            neighbour_refused=2 if beside else None,
                            neighbour_seconds=2.0 if beside else None,
                        )
                    )
    return frame(rows)


def test_ratios_are_in_pairs_so_that_the_blocks_pace_cancels_out() -> None:
    table = stats.neighbours(made_up())
    cells = table.set_index(["quantity", "kind", "backend", "condition"])["median_ratio"]
    assert cells["throughput", "cpu", "host", "unlimited"] == pytest.approx(0.5, rel=0.03)
    assert cells["p95", "disk", "docker", "unlimited"] == pytest.approx(2, rel=0.03)
    assert cells.xs("limited", level="condition").between(0.97, 1.03).all()
    assert (table["n"] == 10).all() and not table["few"].any()


def test_another_unit_changes_no_ratio() -> None:
    trials = made_up(n=4)
    other = trials.assign(p95_s=trials["p95_s"] * 1000)
    pd.testing.assert_frame_equal(stats.neighbours(trials), stats.neighbours(other))


def test_what_the_neighbours_did() -> None:
    work = stats.neighbours_work(made_up(n=4))
    assert work["median_mib_per_s"].tolist() == [50.0] * len(work)
    assert work["refused"].tolist() == [8] * len(work)
    assert work["few"].all()


@pytest.mark.parametrize("quantity", ["throughput", "p95"])
@pytest.mark.parametrize("n", [1, 3, 10])
def test_the_chart_is_legible_and_says_all_in_words(quantity: str, n: int) -> None:
    trials = made_up(n)
    trials.loc[(trials["kind"] == "disk") & (trials["condition"] == "limited"), "status"] = "left"
    trials["error"] = trials["error"].mask(trials["status"] == "left", "no such limit")
    chart = chart_of(stats.neighbours(trials), quantity, badge="made up")
    assert_legible(chart.figure)
    assert "docker (native), neighbour without limits" in chart.alt
    assert "no such limit" in chart.alt and "no such limit" in words(chart)
    assert ("fewer than 10" in words(chart).lower()) == (n == 3)
    assert "nan" not in chart.alt.lower() + words(chart).lower()


def test_the_table_says_what_was_left_empty() -> None:
    trials = made_up(3)
    trials.loc[(trials["kind"] == "disk") & (trials["condition"] == "limited"), "status"] = "left"
    trials["error"] = trials["error"].mask(trials["status"] == "left", "no such limit")
    text = table_text(stats.neighbours(trials), stats.neighbours_work(trials))
    assert "cpu       host (native)" in text and "50.0 MiB/s, refused 6 times" in text
    assert "Left empty: disk, docker, with limits: no such limit." in text


# The folder.


def test_a_folder_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    trials = measured(Scene())
    folder = Folder(tmp_path / "it")
    folder.begin(
        Experiment(
            experiment_id="made-up",
            created_at="2026-11-23T10:00:00+00:00",
            labkit_version="0",
            host=MANIFEST.host,
            image_digest="0",
            seed=1,
            blocks=2,
            requests=5,
            kinds=KINDS,
            backends={},
            workload_digests={},
        )
    )
    for trial in trials:
        folder.add(trial)
    found = load(tmp_path / "it")
    pd.testing.assert_frame_equal(found.trials, frame(trials), atol=1e-6)  # microseconds
    table = tmp_path / "it" / "neighbours.csv"
    table.write_text(table.read_text().replace("unlimited", "unlimitd", 1))
    with pytest.raises(StoreError, match="no whole experiment"):
        load(tmp_path / "it")
    with pytest.raises(LabError):
        folder.begin(found.manifest)  # never into one that is there


# The victim.


@pytest.mark.parametrize(("each_s", "amount"), [(0.001, 4), (0.02, 2), (3.0, 1)])
def test_a_request_gets_so_much_work_that_it_takes_a_while(
    each_s: float, amount: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()

    def answers(port: int, path: str, timeout: float) -> bool:
        clock.sleep(each_s * int(path.partition("?")[2]))
        return True

    monkeypatch.setattr(victim, "answers", answers)
    served = victim.Victim(1, clock)
    served.warm_up()
    assert served.amount == amount  # no more than the fixture's MOST_WORK
    figures = served.serve(20).figures()
    assert figures["requests"] == 20 and figures["errors"] == 0
    assert figures["p50_s"] == pytest.approx(each_s * amount)
    assert figures["requests_per_s"] == pytest.approx(1 / (each_s * amount))
    assert figures["p95_s"] is not None and figures["p99_s"] is None


def test_what_is_not_answered_is_counted_and_in_no_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = iter(range(100))
    monkeypatch.setattr(victim, "answers", lambda port, path, timeout: next(turns) % 2 == 0)
    figures = victim.Victim(1, HostClock()).serve(10).figures()
    assert (figures["requests"], figures["errors"]) == (5, 5)


def test_a_server_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(victim, "answers", lambda port, path, timeout: False)
    with pytest.raises(BackendError, match="does not answer"):
        victim.Victim(1, HostClock()).warm_up()
    trials = measured(Scene(), kinds=("cpu",))
    assert [trial.status for trial in trials] == ["failed"] * 3
