"""The experiment: the host first, what fails has its reason, and it is resumed and shown."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labkit import notebook
from labkit.backends.base import Missing
from labkit.errors import BackendError, LabError, UsageError
from labkit.experiments import isolation
from labkit.experiments.engine import measure
from labkit.experiments.isolation import probe
from labkit.experiments.isolation.experiment import EXPERIMENT
from labkit.experiments.isolation.plan import IsolationOptions
from labkit.experiments.isolation.records import ATTEMPTS, FACTS, IsolationRecording
from labkit.notebook import measuring
from labkit.recordings.reader import read
from tests.unit.experiments.isolation.made_up import SAME, recording
from tests.unit.experiments.offering import offer
from tests.unit.fakes import FakeBackend, FakeClock

ANSWERS = SAME | dict.fromkeys((f"try_{name}" for name in ATTEMPTS), "0 ")
EACH = len(FACTS) + len(ATTEMPTS)


@pytest.fixture
def backends(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeBackend]:
    """host works, good works, bad breaks at its start, lost is not there."""
    clock = FakeClock()
    fakes = {name: FakeBackend(name, clock=clock) for name in ("host", "good", "lost")}
    fakes["bad"] = FakeBackend("bad", clock=clock, fails_at=1)
    fakes["lost"].missing = lambda: Missing("not installed", "install it")  # type: ignore[method-assign]
    offer(monkeypatch, fakes, measuring)
    monkeypatch.setattr(probe, "ask", lambda instance, host: (dict(ANSWERS), {}))
    monkeypatch.delenv("LAB_MODE", raising=False)
    return fakes


def measured(tmp_path: Path, *names: str) -> IsolationRecording:
    options = IsolationOptions(backends=names, out=tmp_path / "out", progress=False)
    return measure(EXPERIMENT, options)


def test_the_host_is_always_asked_first(backends: dict[str, FakeBackend], tmp_path: Path) -> None:
    made = measured(tmp_path, "good", "host", "good")
    assert made.manifest.plan.backends == ("host", "good")
    assert made.answers["backend"].tolist() == ["host"] * EACH + ["good"] * EACH
    assert made.ending and (made.ending.reason, made.ending.batches) == ("plan", 2)
    assert EXPERIMENT.failure(made) is None


def test_what_fails_beside_others_has_its_reason(
    backends: dict[str, FakeBackend], tmp_path: Path
) -> None:
    made = measured(tmp_path, "bad", "lost", "good")
    assert made.answers["backend"].unique().tolist() == ["host", "good"]
    assert set(made.left_out) == {"bad", "lost"}
    assert "on purpose" in made.left_out["bad"] and "install it" in made.left_out["lost"]
    assert [backends[name].launched for name in backends] == [1, 1, 0, 1]
    assert all(backend.launched == backend.cleaned for backend in backends.values())
    assert EXPERIMENT.failure(made) is None
    for name in ("bad", "lost"):
        assert EXPERIMENT.told(made).count(f"left out: {name}: ") == 1


def test_a_backend_that_cannot_be_prepared_is_left_out(
    backends: dict[str, FakeBackend], tmp_path: Path
) -> None:
    def fail(image: Any) -> None:
        raise BackendError("no room")

    backends["good"].prepare = fail  # type: ignore[method-assign]
    made = measured(tmp_path, "good")
    assert (list(made.manifest.backends), set(made.left_out)) == (["host"], {"good"})


def test_where_nothing_else_could_be_asked_it_is_an_error(
    backends: dict[str, FakeBackend], tmp_path: Path
) -> None:
    made = measured(tmp_path, "bad")
    assert made.ending and made.ending.reason == "failures"
    assert isinstance(EXPERIMENT.failure(made), BackendError)


def test_an_unknown_backend_is_told_before_anything_is_done(
    backends: dict[str, FakeBackend], tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        measured(tmp_path, "nope")
    assert not (tmp_path / "out").exists() and backends["host"].launched == 0


def test_what_was_broken_off_is_read_and_resumed(
    backends: dict[str, FakeBackend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = probe.ask

    def interrupted(instance: Any, host: Any) -> Any:
        if backends["good"].launched:
            raise KeyboardInterrupt
        return working(instance, host)

    monkeypatch.setattr(probe, "ask", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measured(tmp_path, "good")
    half = read(tmp_path / "out", EXPERIMENT)
    assert half.ending is None
    assert half.answers["backend"].tolist() == ["host"] * EACH
    monkeypatch.setattr(probe, "ask", working)
    whole = measure(EXPERIMENT, IsolationOptions(resume=tmp_path / "out", progress=False))
    assert whole.answers["backend"].tolist() == ["host"] * EACH + ["good"] * EACH
    assert whole.ending and whole.ending.reason == "plan"
    assert backends["host"].launched == 1


def test_live_or_recorded(
    backends: dict[str, FakeBackend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = replace(recording("host", "docker"), path=tmp_path)
    choice: dict[str, Any] = {"progress": False, "backends": ["good", "bad"]}
    live = notebook.measure(recorded, **choice, out=tmp_path / "live")
    assert live.source == "live" and "bad" in live.reason
    assert live.recording.answers["backend"].unique().tolist() == ["host", "good"]
    backends["bad"] = FakeBackend("bad", clock=FakeClock(), fails_at=1)  # each fails only once
    choice["backends"] = ["bad"]
    failed = notebook.measure(recorded, **choice, out=tmp_path / "failed")
    assert (failed.source, failed.recording) == ("recorded", recorded)
    monkeypatch.setenv("LAB_MODE", "live")
    backends["bad"] = FakeBackend("bad", clock=FakeClock(), fails_at=1)
    with pytest.raises(LabError):
        notebook.measure(recorded, **choice, out=tmp_path / "again")
    monkeypatch.setenv("LAB_MODE", "recorded")
    assert notebook.measure(recorded, **choice).recording is recorded


def test_the_call_takes_the_arguments_of_the_options() -> None:
    with pytest.raises(UsageError):
        isolation.run(backends="docker")
    with pytest.raises(UsageError):
        isolation.run(["docker"], nonsense=1)
