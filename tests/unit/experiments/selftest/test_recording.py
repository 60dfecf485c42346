"""A selftest as a recording: its figures come from its tables, the same each time."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from labkit.backends.base import Backend
from labkit.errors import LabError, UsageError
from labkit.experiments.selftest import stats
from labkit.experiments.selftest.experiment import EXPERIMENT
from labkit.experiments.selftest.measure import measure
from labkit.experiments.selftest.plan import SelftestOptions, a_a_plan, overhead_plan, with_floors
from labkit.experiments.selftest.records import (
    SelftestManifest,
    SelftestPlan,
    SelftestRecording,
)
from labkit.measure import last_selftest
from labkit.measure.session import Session
from labkit.recordings import reader
from labkit.recordings.checked import Checked
from labkit.recordings.writer import Writer
from labkit.system import host
from labkit.system.paths import DISTRIBUTION
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock

REPEATS = 3


def session() -> Session:
    clock = FakeClock()
    backend = FakeBackend(clock=clock)
    backend.about_s = 0.1
    return Session(NO_IMAGE, NO_IMAGE, {"fake": backend}, clock=clock)


def plan(backends: Mapping[str, Backend]) -> SelftestPlan:
    return SelftestPlan(
        overhead=overhead_plan(backends, REPEATS, seed=1),
        a_a=a_a_plan(["fake"], REPEATS, seed=1),
        sampling=("fake",),
        pairs=2,
        seed=1,
    )


def begin(path: Path, given: Session) -> Writer:
    manifest = SelftestManifest(
        experiment="selftest",
        recording_id="made-up",
        created_at="2026-01-02T03:04:05+00:00",
        labkit_version=version(DISTRIBUTION),
        host=host.inspect(),
        image_digest="",
        backends={
            name: backend.info(NO_IMAGE) for name, backend in with_floors(given.backends).items()
        },
        plan=plan(given.backends),
    )
    return Writer.begin(path, EXPERIMENT, manifest)


def record(writer: Writer, given: Session, *, most: int = 1000) -> None:
    """So many batches; the recording is finished where there are no more."""
    batches = measure(plan(given.backends), given)
    for _ in range(most):
        try:
            writer.append(next(batches), {})
        except StopIteration as end:
            writer.finish(end.value, {})
            break
    writer.close()


@pytest.fixture
def recording(tmp_path: Path) -> SelftestRecording:
    given = session()
    record(begin(tmp_path / "recording", given), given)
    return reader.read(tmp_path / "recording", EXPERIMENT)


def test_the_figures_come_from_the_tables(recording: SelftestRecording) -> None:
    assert len(recording.trials) == 4 * REPEATS and len(recording.sampling) == 2
    found = stats.summary(recording)
    assert stats.summary(recording) == found and recording.ending is not None
    assert found.created_at == recording.ending.ended_at
    (overhead,) = found.overhead
    assert overhead.backend == "fake" and overhead.sampler_adds_s.n == REPEATS
    assert [test.ratio.n for test in found.a_a] == [REPEATS] * 2
    assert EXPERIMENT.json(recording)["selftest"] == found.model_dump(mode="json")
    assert "verdict" in EXPERIMENT.text(recording)


def test_it_is_kept_for_later_manifests(
    recording: SelftestRecording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path / "state"))
    EXPERIMENT.finished(recording)
    assert last_selftest.latest(recording.manifest.host) == stats.summary(recording)


@pytest.mark.parametrize("most", [0, 3, 4 * REPEATS - 1, 4 * REPEATS])
def test_one_that_was_broken_off_is_gone_on_with(tmp_path: Path, most: int) -> None:
    path, given = tmp_path / "recording", session()
    record(begin(path, given), given, most=most)
    begun = reader.read(path, EXPERIMENT)
    assert begun.ending is None and len(begun.trials) == most
    again = session()
    again.before = reader.read_rows(path, EXPERIMENT)
    record(Writer.reopen(path, EXPERIMENT), again)
    whole = reader.read(path, EXPERIMENT)
    assert whole.ending is not None and whole.ending.batches == 4 * REPEATS + 1
    assert not whole.trials.duplicated(["part", "trial"]).any()
    assert len(whole.trials) == 4 * REPEATS and len(whole.sampling) == 2


def test_rows_that_the_plan_does_not_have_are_faults(recording: SelftestRecording) -> None:
    assert recording.ending is not None
    contents = reader._finished(recording.path, EXPERIMENT, recording.ending)
    rows = {
        name: list(found) for name, found in Checked(recording.path, EXPERIMENT, contents).items()
    }
    manifest = recording.manifest
    assert list(EXPERIMENT.faults(manifest, rows)) == []
    rows["trials"][0] = rows["trials"][0].model_copy(update={"backend": "docker"})
    rows["sampling"][0] = rows["sampling"][0].model_copy(update={"pair": 3})
    assert [table for table, _ in EXPERIMENT.faults(manifest, rows)] == ["trials", "sampling"]


def test_a_broken_bound_is_a_failure(recording: SelftestRecording) -> None:
    slow = recording.sampling.assign(lab_cpu_s=recording.sampling["sampled_s"])
    broken = SelftestRecording(
        recording.path, recording.manifest, {**recording.tables, "sampling": slow}, recording.ending
    )
    failure = EXPERIMENT.failure(broken)
    assert isinstance(failure, LabError) and "sampling fake" in failure.details
    well = recording.sampling.assign(lab_cpu_s=0.0)
    good = SelftestRecording(
        recording.path, recording.manifest, {**recording.tables, "sampling": well}
    )
    assert EXPERIMENT.failure(good) is None


@pytest.mark.parametrize("repeats", [1, 0, 1001])
def test_what_makes_no_sense_is_no_plan(repeats: int) -> None:
    with pytest.raises(UsageError):
        EXPERIMENT.plan(SelftestOptions(repeats=repeats))


def test_the_plan_of_one_backend() -> None:
    made = EXPERIMENT.plan(SelftestOptions(backends=["host"], repeats=2, seed=1))
    assert EXPERIMENT.needs(made).backends == ("host",)
    assert made.a_a.backends == ("host", "host-again")
    assert set(made.overhead.trials) >= {"host", "host (no meters)", "floor-pipe"}
    trials = sum(made.overhead.trials.values()) + sum(made.a_a.trials.values())
    assert EXPERIMENT.batches(made) == trials + 1
