from __future__ import annotations

from collections import Counter
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.backends.instance import Meter
from labkit.errors import BackendError
from labkit.measure.plan import Plan
from labkit.measure.records import TrialRecords
from labkit.measure.runner import execute
from labkit.measure.schedule import schedule
from labkit.recordings.words import MILESTONES, OF_PODS
from labkit.system.clock import Clock
from labkit.system.interruptions import Interruptions, Watch
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock, FakeInstance, FakeStream
from tests.unit.programs.samples import SYSTEMD


def plan(*backends: str, repeats: int = 3, seed: int = 1, **more: Any) -> Plan:
    return Plan(
        backends=backends,
        workloads=("cpu", "idle"),
        trials=dict.fromkeys(backends, repeats),
        seconds=1,
        seed=seed,
        **more,
    )


def run(chosen: Plan, backends: dict[str, FakeBackend], clock: Clock) -> list[TrialRecords]:
    return list(execute(chosen, backends, NO_IMAGE, clock=clock))


@given(st.integers(1, 5), st.integers(1, 20), st.integers(0, 2**31))
def test_every_block_holds_each_backend_once(count: int, repeats: int, seed: int) -> None:
    names = [f"b{i}" for i in range(count)]
    steps = schedule(plan(*names, repeats=repeats, seed=seed))
    assert [step.trial for step in steps] == list(range(1, count * repeats + 1))
    per_block = Counter((step.block, step.backend) for step in steps)
    assert set(per_block.values()) == {1}
    assert len(per_block) == count * repeats
    assert [step.block for step in steps] == sorted(step.block for step in steps)


def test_a_slow_backend_is_left_out_of_the_later_blocks() -> None:
    steps = schedule(
        Plan(backends=("a", "b"), workloads=("cpu",), trials={"a": 3, "b": 1}, seconds=1)
    )
    assert sorted((step.block, step.backend) for step in steps) == [
        (1, "a"), (1, "b"), (2, "a"), (3, "a"),
    ]  # fmt: skip


def test_warm_ups_come_first_and_run_no_workload() -> None:
    clock = FakeClock()
    backends = {name: FakeBackend(name, clock=clock) for name in ("a", "b")}
    done = run(plan("a", "b", repeats=2, warmups={"a": 2, "b": 1}), backends, clock)
    stages = [(r.trial.block, r.trial.stage) for r in done]
    assert stages == [(0, "warmup")] * 3 + [(1, "measured")] * 2 + [(2, "measured")] * 2
    assert sorted(r.trial.backend for r in done[:3]) == ["a", "a", "b"]
    assert [bool(r.results) for r in done] == [False] * 3 + [True] * 4
    assert [r.trial.trial for r in done] == list(range(1, 8))


@settings(deadline=None)  # a busy machine is no fault
@given(st.sets(st.integers(1, 10)), st.integers(0, 2**31))
def test_what_is_done_is_not_done_again_and_keeps_its_place(done: set[int], seed: int) -> None:
    clock = FakeClock()
    chosen = plan("a", "b", "c", repeats=3, seed=seed, warmups={"a": 1})
    backends = {name: FakeBackend(name, clock=clock) for name in chosen.backends}
    made = list(execute(chosen, backends, NO_IMAGE, done=done, clock=clock))
    whole = {step.trial: step.backend for step in schedule(chosen)}
    assert {r.trial.trial: r.trial.backend for r in made} == {
        trial: backend for trial, backend in whole.items() if trial not in done
    }


def test_what_an_instance_says_of_itself_is_noted_of_measured_trials_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock()
    monkeypatch.setattr(FakeInstance, "told", lambda _: {"systemd-analyze": SYSTEMD})
    backends = {"fake": FakeBackend(clock=clock)}
    warm, measured = run(plan("fake", repeats=1, warmups={"fake": 1}), backends, clock)
    assert not warm.reports and not warm.metrics
    assert [report.text for report in measured.reports] == [SYSTEMD]
    assert {row.metric for row in measured.metrics} == {"total", "kernel", "userspace"}
    assert {row.workload for row in measured.metrics} == {"systemd-analyze"}


def test_what_it_does_not_say_is_empty_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()

    def silent(_: object) -> dict[str, str]:
        raise BackendError("it let nobody log in")

    monkeypatch.setattr(FakeInstance, "told", silent)
    (records,) = run(plan("fake", repeats=1), {"fake": FakeBackend(clock=clock)}, clock)
    assert records.trial.status == "ok" and not records.metrics
    assert "it let nobody log in" in list(records.unread.values())


def test_a_workload_that_a_backend_cannot_do_is_left_out() -> None:
    clock = FakeClock()
    backend = FakeBackend(clock=clock)
    backend.unsupported = {"idle": "no reason"}  # type: ignore[misc]
    (records,) = run(plan("fake", repeats=1), {"fake": backend}, clock)
    assert [result.workload for result in records.results] == ["cpu"]
    assert records.trial.status == "ok"


def test_the_seed_makes_the_order() -> None:
    first = schedule(plan("a", "b", "c", repeats=10, seed=1))
    assert first == schedule(plan("a", "b", "c", repeats=10, seed=1))
    assert first != schedule(plan("a", "b", "c", repeats=10, seed=2))


def test_a_trial_has_its_milestones_in_order_and_its_results() -> None:
    clock = FakeClock()
    (records,) = run(plan("fake", repeats=1), {"fake": FakeBackend(clock=clock)}, clock)
    names = [milestone.milestone for milestone in records.milestones]
    assert names == [
        name for name in MILESTONES if name not in ("kernel", "first_response", *OF_PODS)
    ]
    times = [milestone.at_s for milestone in records.milestones]
    assert times == sorted(times) and times[0] == 0
    assert records.trial.startup_s == 0.5
    cpu, idle = records.results
    assert (cpu.ops, cpu.unit, cpu.seconds) == (2.0, "MiB", 1.0)
    assert cpu.ops_per_s == pytest.approx(2.0)
    assert idle.workload == "idle"


@pytest.mark.parametrize(("family", "told"), [("hypervisor", [8192] * 3), ("container", [])])
def test_only_a_guest_tells_of_its_own_memory(family: Any, told: list[int]) -> None:
    """What a container sees in /proc/meminfo is the host's, and no cost of the container."""
    clock = FakeClock()
    backend = FakeBackend(clock=clock)
    backend.family = family  # type: ignore[misc]
    (records,) = run(plan("fake", repeats=1), {"fake": backend}, clock)
    guest = [sample for sample in records.samples if sample.meter == "guest"]
    assert [sample.guest_used_bytes for sample in guest] == told
    assert {sample.role for sample in guest} <= {"instance"}
    if told:
        moments = [sample.moment for sample in guest]
        assert moments == ["begin cpu", "begin idle", "end idle"]


def test_what_is_left_of_the_hosts_memory_is_read_from_before_the_request() -> None:
    clock = FakeClock()
    (records,) = run(plan("fake", repeats=1), {"fake": FakeBackend(clock=clock)}, clock)
    whole = {s.moment: s.host_available_bytes for s in records.samples if s.role == "host"}
    assert next(iter(whole)) == "requested"
    assert all(whole.values())


def test_a_failed_trial_is_recorded_and_its_backend_is_left_out() -> None:
    clock = FakeClock()
    good = FakeBackend("good", clock=clock)
    bad = FakeBackend("bad", clock=clock, fails_at=2)
    done = run(plan("good", "bad", repeats=4), {"good": good, "bad": bad}, clock)
    statuses = Counter((r.trial.backend, r.trial.status) for r in done)
    assert statuses == {("good", "ok"): 4, ("bad", "ok"): 1, ("bad", "failed"): 1}
    failed = next(r for r in done if r.trial.status == "failed")
    assert "it broke" in str(failed.trial.error)
    assert failed.trial.startup_s is None
    assert bad.launched == bad.cleaned == 2


class FakeWatch(Watch):
    """Of each third trial, it says that the lab stood still."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def take(self) -> Interruptions:
        self.asked += 1
        return Interruptions(2.5 if self.asked == 6 else 0, 0, 0)


@pytest.mark.parametrize("fails_at", [0, 3])
def test_a_disturbed_trial_is_marked_and_its_backend_goes_on(fails_at: int) -> None:
    clock = FakeClock()
    backend = FakeBackend(clock=clock, fails_at=fails_at)
    made = execute(
        plan("fake", repeats=4), {"fake": backend}, NO_IMAGE, clock=clock, watch=FakeWatch()
    )
    trials = [records.trial for records in made]
    assert [trial.status for trial in trials] == ["ok", "ok", "disturbed", "ok"]
    assert [trial.stopped_s for trial in trials] == [0, 0, 2.5, 0]
    assert bool(trials[2].error) == bool(fails_at)


def test_a_lab_that_was_only_late_is_not_said_to_have_stood_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A busy computer makes it late, which the watch excuses: the quality issues tell it."""
    clock = FakeClock()
    monkeypatch.setattr(FakeStream, "end_clock", 11.0)
    (records,) = run(plan("fake", repeats=1), {"fake": FakeBackend(clock=clock)}, clock)
    assert (records.trial.status, records.trial.stopped_s) == ("ok", 0)
    assert {r.seconds - (r.guest_seconds or 0) for r in records.results} == {-9.0}


def test_an_interrupt_cleans_up_and_keeps_what_was_finished() -> None:
    clock = FakeClock()
    backend = FakeBackend(clock=clock)
    done: list[TrialRecords] = []
    with pytest.raises(KeyboardInterrupt):
        for records in execute(plan("fake", repeats=5), {"fake": backend}, NO_IMAGE, clock=clock):
            done.append(records)
            if len(done) == 2:
                raise KeyboardInterrupt
    assert len(done) == 2
    assert backend.launched == backend.cleaned == 2


def test_a_backend_without_its_saved_state_fails_with_the_reason() -> None:
    clock = FakeClock()
    backend = FakeBackend(clock=clock)
    made = execute(
        plan("fake"), {"fake": backend}, NO_IMAGE, unsaved={"fake": "no room"}, clock=clock
    )
    (records,) = made
    assert records.trial.status == "failed" and "no room" in str(records.trial.error)
    assert backend.launched == 0


def test_a_second_name_of_a_backend_stands_in_its_records() -> None:
    clock = FakeClock()
    made = run(
        plan("fake", "again", repeats=1),
        dict.fromkeys(("fake", "again"), FakeBackend(clock=clock)),
        clock,
    )
    assert sorted(records.trial.backend for records in made) == ["again", "fake"]
    assert {r.backend for records in made for r in records.samples} == {"again", "fake"}


def test_the_blocks_are_not_all_in_the_same_order() -> None:
    """Else whatever follows a slow backend would always be disturbed by it."""
    steps = schedule(plan("a", "b", "c", repeats=12))
    orders = {
        tuple(step.backend for step in steps if step.block == block) for block in range(1, 13)
    }
    assert len(orders) > 3


def test_a_meter_that_may_not_be_read_leaves_empty_cells_and_its_reason() -> None:
    """What a daemon tells of it stands in the daemon's own columns; never zero."""

    class Elsewhere(FakeBackend):
        def services(self) -> tuple[Meter, ...]:
            told = {"daemon_bytes": 7}
            return (Meter("daemon", "services", why="it is far away", told=lambda: told),)

    clock = FakeClock()
    (trial,) = run(plan("a", repeats=1), {"a": Elsewhere("a", clock=clock)}, clock)
    assert trial.unread == {"a, memory and CPU of daemon": "it is far away"}
    rows = [sample for sample in trial.samples if sample.meter == "daemon"]
    assert rows and {row.daemon_bytes for row in rows} == {7}
    assert {(row.processes, row.cpu_s, row.pss_bytes, row.cgroup_bytes) for row in rows} == {
        (None, None, None, None)
    }
    assert trial.trial.held_memory_bytes is None and trial.trial.held_cpus is None


@pytest.mark.parametrize(
    ("fault", "why"),
    [(BackendError("it hangs"), "it hangs"), (psutil.NoSuchProcess(7, msg="gone"), "gone")],
)
def test_meters_that_cannot_be_had_leave_empty_cells_and_their_reason(
    fault: Exception, why: str
) -> None:
    class Hanging(FakeBackend):
        def services(self) -> tuple[Meter, ...]:
            raise fault

    clock = FakeClock()
    (trial,) = run(plan("a", repeats=1), {"a": Hanging("a", clock=clock)}, clock)
    assert trial.trial.status == "ok" and list(trial.unread) == ["a, memory and CPU"]
    assert why in trial.unread["a, memory and CPU"]
