"""Looking: the host first, what fails has its reason, and live or recorded as LAB_MODE says."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from labkit import image, notebook, orphans, seen
from labkit.errors import BackendError
from labkit.seen import looking, probe
from labkit.seen.facts import ATTEMPTS
from tests.unit.fakes import FakeBackend, FakeClock
from tests.unit.seen.made_up import SAME, sight

ANSWERS = SAME | dict.fromkeys((f"try_{name}" for name in ATTEMPTS), "0 ")


@pytest.fixture
def backends(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeBackend]:
    """host works, good works, bad breaks at its start."""
    clock = FakeClock()
    found = {name: FakeBackend(name, clock=clock) for name in ("host", "good")}
    found["bad"] = FakeBackend("bad", clock=clock, fails_at=1)
    monkeypatch.setattr(looking, "make_backend", found.__getitem__)
    monkeypatch.setattr(image, "build", lambda progress: SimpleNamespace(digest="0" * 64))
    monkeypatch.setattr(orphans, "sweep", lambda backends, mine: [])
    monkeypatch.setattr(probe, "ask", lambda instance, host: (dict(ANSWERS), {}))
    monkeypatch.delenv("LAB_MODE", raising=False)
    return found


def test_the_host_is_always_looked_at_first(backends: dict[str, FakeBackend]) -> None:
    found = seen.look(["good"], progress=False)
    assert list(found.manifest.backends) == ["host", "good"]
    assert found.frame["backend"].unique().tolist() == ["host", "good"]
    assert all(found.manifest.backends[name].family == "container" for name in ("host", "good"))


def test_what_fails_beside_others_has_its_reason(backends: dict[str, FakeBackend]) -> None:
    found = seen.look(["bad", "good"], progress=False)
    assert list(found.manifest.backends) == ["host", "good"]
    assert found.manifest.left_out["bad"].startswith("it broke")
    assert all(backend.launched == backend.cleaned == 1 for backend in backends.values())


def test_where_nothing_else_could_be_looked_at_it_is_an_error(
    backends: dict[str, FakeBackend],
) -> None:
    with pytest.raises(BackendError, match="nothing could be looked at"):
        seen.look(["bad"], progress=False)


def test_live_or_recorded(
    backends: dict[str, FakeBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = sight("host", "docker")
    live = notebook.look(kept, ["good", "bad"])
    assert repr(live).startswith("live · ")
    assert "Measured just now: host, good." in live.reason
    assert "Left out: bad: it broke" in live.reason
    backends["bad"] = FakeBackend("bad", clock=FakeClock(), fails_at=1)  # each fails only once
    failed = notebook.look(kept, ["bad"])
    assert (failed.source, failed.sight) == ("recorded", kept)
    assert "could not be measured here" in failed.reason
    monkeypatch.setenv("LAB_MODE", "live")
    backends["bad"] = FakeBackend("bad", clock=FakeClock(), fails_at=1)
    with pytest.raises(BackendError):
        notebook.look(kept, ["bad"])
    monkeypatch.setenv("LAB_MODE", "recorded")
    assert notebook.look(kept, ["good"]).sight == kept
    assert set(notebook.look(kept).table["backend"]) == {"host", "docker"}
