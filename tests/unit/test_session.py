"""A fault of one backend, before and after what is measured, is told and ends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from labkit import image
from labkit.errors import BackendError, NoRoom
from labkit.image import LabImage
from labkit.measure import choice, cleanup, session
from labkit.recordings.words import Engine
from labkit.system.ownership import Judge, Kept
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock


class Faulty(FakeBackend):
    """Works, but for what is only told and what is removed."""

    def cautions(self) -> tuple[str, ...]:
        raise psutil.NoSuchProcess(7)

    def sweep(self, judge: Judge) -> list[str]:
        raise BackendError("the container could not be removed")

    def engine(self, image: LabImage | None) -> Engine:
        raise NoRoom("the disk is full")


class Swept(FakeBackend):
    def sweep(self, judge: Judge) -> list[str]:
        return ["container good"]


Made = Callable[[str], FakeBackend]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """No process or folder of this computer is looked at."""
    kinds = {"good": Swept, "bad": Faulty}

    def make(name: str) -> FakeBackend:
        return kinds[name](name, clock=FakeClock())

    for part in ("_sweep_processes", "_sweep_folders"):
        monkeypatch.setattr(cleanup, part, lambda judge: [])
    monkeypatch.setattr(cleanup, "BACKENDS", {})
    monkeypatch.setattr(session, "make_backend", make)
    monkeypatch.setattr(
        image, "build", lambda **choices: cast(LabImage, SimpleNamespace(packages=()))
    )
    monkeypatch.setattr(FakeBackend, "info", lambda self, image: None)
    return make


def test_what_one_backend_cannot_remove_keeps_no_other_from_it(made: Made) -> None:
    kept: list[Kept] = []
    for mine in (False, True):
        found = cleanup.sweep([made("bad"), made("good")], mine=mine, keep=kept.append)
        assert found == ["container good"]
    assert [(one.why, one.by_hand) for one in kept] == [
        ("the container could not be removed", "labkit clean")
    ] * 2


def test_a_session_opens_and_ends_in_spite_of_it(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    with session.opened(["bad", "good"]) as opened:
        assert list(opened.backends) == ["bad", "good"]
    assert "NoSuchProcess" in (told := capsys.readouterr().err)
    assert "could not be removed" in told


def test_a_backend_whose_engine_is_not_told_now_is_left_to_the_session(made: Made) -> None:
    assert choice._is_quick(made("bad")) and choice._is_quick(made("good"))


def test_a_backend_that_has_no_disk_for_programs_is_told_before_it_starts(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[LabImage] = []

    def build(**_: object) -> LabImage:
        built.append(NO_IMAGE)
        return NO_IMAGE

    monkeypatch.setattr(image, "build", build)
    monkeypatch.setattr(Faulty, "unsupported", {"packages": "it has one disk only"})
    told = "bad starts no lab image with Debian's programs"
    with (
        pytest.raises(BackendError, match=told),
        session.opened(["bad", "good"], packages=["fio"]),
    ):
        pass
    assert not built, "before an image is built for it"
    with session.opened(["bad", "good"], packages=["fio"], lenient=True) as opened:
        assert list(opened.backends) == ["good"]
        assert "it has one disk only" in opened.left_out["bad"]


def test_a_state_that_cannot_be_made_costs_its_backend_its_trials_only(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def refused(*_: object) -> Iterator[None]:
        raise BackendError("its folder cannot be mounted")
        yield

    monkeypatch.setattr(Swept, "saved_state", refused)
    assert made("good").start == "cold"
    with session.opened(["bad", "good"]) as opened:
        assert set(opened.unsaved) == {"good"} and set(opened.backends) == {"bad", "good"}
