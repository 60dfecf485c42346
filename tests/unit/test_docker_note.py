"""Which process `labkit clean --daemon` takes for the daemon that the lab has started."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.setup import apt
from labkit.setup.docker import stop_daemon
from labkit.system.owner_marks import owner, owner_mark
from labkit.system.ownership import Kept
from labkit.system.process import run
from tests.unit.marks import ELSEWHERE, GONE, LIVES, OLD_FORM, OTHER_BOOT


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path))
    return tmp_path / "dockerd.json"


@pytest.fixture
def dockerd(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program of this name, which does nothing."""
    program = tmp_path / "dockerd"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as process:
        yield process
        process.kill()


def test_the_very_process_is_ended(note: Path, dockerd: subprocess.Popen[bytes]) -> None:
    note.write_text(json.dumps({"mark": owner_mark(dockerd.pid)}))
    assert str(dockerd.pid) in (stop_daemon() or "")
    assert dockerd.wait(0) == -signal.SIGTERM and not note.exists()  # it has ended: at once


@pytest.mark.parametrize("mark", [OTHER_BOOT, ELSEWHERE, OLD_FORM])
def test_one_that_cannot_be_known_is_told_and_its_note_stays(note: Path, mark: str) -> None:
    note.write_text(json.dumps({"mark": mark}))
    kept: list[Kept] = []
    assert stop_daemon(kept.append) is None
    assert note.exists() and [one.by_hand for one in kept] == [f"rm {note}"]


def test_an_older_labs_note_says_too_little(note: Path, dockerd: subprocess.Popen[bytes]) -> None:
    note.write_text(json.dumps({"pid": dockerd.pid, "started": 1.0}))
    kept: list[Kept] = []
    assert stop_daemon(kept.append) is None
    assert len(kept) == 1 and note.exists() and dockerd.poll() is None


@pytest.mark.parametrize("mark", [GONE, LIVES, owner()], ids=["gone", "lives", "ours"])
def test_one_that_has_ended_or_is_another_program(note: Path, mark: str) -> None:
    note.write_text(json.dumps({"mark": mark}))
    kept: list[Kept] = []
    assert stop_daemon(kept.append) is None
    assert not kept and not note.exists()


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "notes", '{"mark": null}', '{"mark": "x"}'])
def test_a_file_of_that_name_that_is_no_note_stays(note: Path, text: str) -> None:
    """LABKIT_STATE may name any folder."""
    note.write_text(text)
    kept: list[Kept] = []
    assert stop_daemon(kept.append) is None
    assert not kept and note.read_text() == text


def test_what_a_package_starts_is_not_the_labs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services that its scripts start are the computer's: no sweep ends them."""
    said = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(apt, "find_tool", lambda name: name)
    monkeypatch.setattr(apt, "run", lambda argv, **how: said.append(run(["env"], **how).stdout))
    apt.install(["x"], lambda message: None)
    assert "LABKIT_OWNER=\n" in said[0]
