from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from labkit.backends.qemu import engines
from labkit.errors import CommandError, GuestTimeout, NoRoom
from labkit.image import LabImage
from labkit.recordings.words import Engine

IMAGE = cast(LabImage, SimpleNamespace(digest="d" * 64))
OTHER = cast(LabImage, SimpleNamespace(digest="e" * 64))


class Machine:
    """Counts how often a boot is tried."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.boots = 0

    def __call__(self, engine: Engine, image: LabImage) -> None:
        self.boots += 1
        if self.error:
            raise self.error


HANGS = GuestTimeout("the agent did not announce itself in time", details="QEMU runs\nKernel panic")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path))
    monkeypatch.setattr(engines, "device_refusal", lambda: None)
    return tmp_path


class WallClock:
    def __init__(self) -> None:
        self.seconds = 1e9

    def time(self) -> float:
        return self.seconds


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    clock = WallClock()
    monkeypatch.setattr("labkit.backends.qemu.engines.time.time", clock.time)
    return clock


def test_a_proven_accelerator_is_chosen_and_the_proof_is_kept() -> None:
    machine = Machine()
    assert engines.choose(IMAGE, "7.2", machine) == "kvm"
    assert engines.choose(IMAGE, "7.2", machine) == "kvm"
    assert machine.boots == 1


def test_a_device_that_opens_but_hangs_its_guests_ends_up_on_emulation() -> None:
    machine = Machine(HANGS)
    assert engines.choose(IMAGE, "7.2", machine) == "tcg"
    assert engines.choose(IMAGE, "7.2", machine) == "tcg"
    assert machine.boots == 1, "the user waits once"
    told = engines.explain(IMAGE, "7.2", machine)
    assert HANGS.brief in told and "Kernel panic" in told and engines.AGAIN in told
    assert machine.boots == 1


@pytest.mark.parametrize(
    "error",
    [NoRoom("the disk is full"), CommandError("no further process can be started"), MemoryError()],
)
def test_what_has_nothing_to_do_with_the_engine_is_no_no(error: Exception) -> None:
    machine = Machine(error)
    with pytest.raises(type(error)):
        engines.choose(IMAGE, "7.2", machine)
    machine.error = None
    assert engines.choose(IMAGE, "7.2", machine) == "kvm"
    assert machine.boots == 2


def test_a_no_runs_out_and_each_further_one_holds_twice_as_long(wall: WallClock) -> None:
    machine = Machine(HANGS)
    for boots, holds in ((1, 1), (2, 2), (3, 4)):
        wall.seconds += 1
        engines.choose(IMAGE, "7.2", machine)
        assert machine.boots == boots
        wall.seconds += holds * engines.NO_HOLDS_S - 1
        assert engines.choose(IMAGE, "7.2", machine) == "tcg"
        assert machine.boots == boots
    machine.error = None
    wall.seconds += 1
    assert engines.choose(IMAGE, "7.2", machine) == "kvm"
    wall.seconds += 1e9
    assert engines.choose(IMAGE, "7.2", machine) == "kvm"
    assert machine.boots == 4, "a yes does not run out"


def test_a_no_of_a_clock_that_was_set_back_does_not_hold(wall: WallClock) -> None:
    machine = Machine(HANGS)
    engines.choose(IMAGE, "7.2", machine)
    wall.seconds -= 86400
    engines.choose(IMAGE, "7.2", machine)
    assert machine.boots == 2


def test_after_the_computers_next_start_it_is_tried_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(HANGS)
    engines.choose(IMAGE, "7.2", machine)
    monkeypatch.setattr(engines, "place", lambda: "another.start")
    engines.choose(IMAGE, "7.2", machine)
    assert machine.boots == 2


@pytest.mark.parametrize("writable", [True, False])
def test_what_is_forgotten_is_tried_anew_also_where_nothing_can_be_kept(
    state: Path, monkeypatch: pytest.MonkeyPatch, writable: bool
) -> None:
    if not writable:
        (state / "file").touch()
        monkeypatch.setenv("LABKIT_STATE", str(state / "file" / "state"))
    machine = Machine(HANGS)
    engines.choose(IMAGE, "7.2", machine)
    engines.choose(IMAGE, "7.2", machine)
    assert machine.boots == 1
    engines.forget()
    machine.error = None
    assert engines.choose(IMAGE, "7.2", machine) == "kvm"
    assert engines.choose(IMAGE, "7.2", machine) == "kvm"
    assert machine.boots == 2


def test_another_image_or_qemu_is_tried_anew() -> None:
    machine = Machine()
    engines.choose(IMAGE, "7.2", machine)
    engines.choose(OTHER, "7.2", machine)
    engines.choose(IMAGE, "8.0", machine)
    assert machine.boots == 3


def test_without_an_image_nothing_is_booted() -> None:
    machine = Machine()
    assert engines.choose(None, "7.2", machine) == "tcg"
    assert machine.boots == 0
    assert "not tried yet" in engines.explain(None, "7.2", machine)


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00", '{"kvm|…": "an older lab\'s"}'])
def test_a_damaged_note_is_as_good_as_none(state: Path, content: str) -> None:
    (state / "engines.json").write_text(content)
    assert engines.choose(IMAGE, "7.2", Machine()) == "kvm"


@pytest.mark.parametrize(
    "entry",
    [{"noes": 60}, {"noes": 100_000}, {"noes": -1}, {"noes": 1e300}, {"noes": 0}],
)
def test_a_no_that_cannot_be_is_distrusted(state: Path, entry: dict[str, float]) -> None:
    engines.choose(IMAGE, "7.2", Machine(HANGS))
    file = state / "engines.json"
    [(key, kept)] = json.loads(file.read_text()).items()
    file.write_text(json.dumps({key: {**kept, **entry}}))
    machine = Machine(HANGS)
    assert engines.choose(IMAGE, "7.2", machine) == "tcg"
    assert machine.boots == 1 and engines.explain(IMAGE, "7.2", machine)


def test_noes_are_counted_up_to_a_number(wall: WallClock) -> None:
    """What is written down is always read again."""
    machine = Machine(HANGS)
    for boots in range(1, engines.MOST_NOES + 4):
        engines.choose(IMAGE, "7.2", machine)
        assert machine.boots == boots
        wall.seconds += engines.NO_HOLDS_S * 2 ** (engines.MOST_NOES - 1)
    wall.seconds -= 1
    engines.choose(IMAGE, "7.2", machine)
    assert machine.boots == boots


def test_a_device_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    assert "not there" in str(engines.device_refusal(str(tmp_path / "kvm")))
    assert "does not open" in str(engines.device_refusal(str(tmp_path)))
