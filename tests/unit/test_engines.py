from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from labkit.backends import engines
from labkit.image import LabImage
from labkit.records import Engine

IMAGE = cast(LabImage, SimpleNamespace(digest="d" * 64))
OTHER = cast(LabImage, SimpleNamespace(digest="e" * 64))


class Machine:
    """Counts how often a boot is tried."""

    def __init__(self, answer: str | None) -> None:
        self.answer = answer
        self.boots = 0

    def __call__(self, engine: Engine, image: LabImage, timeout: float) -> str | None:
        self.boots += 1
        assert timeout <= 15, "nobody waits longer than that for an accelerator"
        return self.answer


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path))
    monkeypatch.setattr(engines, "device_refusal", lambda: None)
    return tmp_path


def test_a_proven_accelerator_is_chosen_and_the_proof_is_kept() -> None:
    machine = Machine(None)
    assert engines.choose(IMAGE, "7.2", machine) == "kvm"
    assert engines.choose(IMAGE, "7.2", machine) == "kvm"
    assert machine.boots == 1


def test_a_device_that_opens_but_hangs_its_guests_ends_up_on_emulation() -> None:
    machine = Machine("the agent did not announce itself in time")
    assert engines.choose(IMAGE, "7.2", machine) == "tcg"
    assert engines.choose(IMAGE, "7.2", machine) == "tcg"
    assert machine.boots == 1, "the user waits once"
    assert "did not announce itself" in engines.explain(IMAGE, "7.2", machine)


def test_another_image_or_qemu_is_tried_anew() -> None:
    machine = Machine(None)
    engines.choose(IMAGE, "7.2", machine)
    engines.choose(OTHER, "7.2", machine)
    engines.choose(IMAGE, "8.0", machine)
    assert machine.boots == 3


def test_without_an_image_nothing_is_booted() -> None:
    machine = Machine(None)
    assert engines.choose(None, "7.2", machine) == "tcg"
    assert machine.boots == 0
    assert "not tried yet" in engines.explain(None, "7.2", machine)


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00"])
def test_a_damaged_note_is_as_good_as_none(state: Path, content: str) -> None:
    (state / "engines.json").write_text(content)
    assert engines.choose(IMAGE, "7.2", Machine(None)) == "kvm"


def test_a_device_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    assert "not there" in str(engines.device_refusal(str(tmp_path / "kvm")))
    assert "does not open" in str(engines.device_refusal(str(tmp_path)))
