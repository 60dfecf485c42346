"""Paths as they are typed in a command that a message proposes."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.experiments.engine import pointing_to
from labkit.recordings.writer import TakenError
from labkit.system import process
from labkit.system.paths import typed

ODD = "- ,'\"$;%:한"


@pytest.mark.parametrize("name", ["plain", ODD, f"/x/{ODD}", "-x", "a b/c", "$(touch ran)", "a\nb"])
def test_a_shell_reads_the_path_as_it_is(name: str) -> None:
    argv = ["sh", "-c", f"printf %s {typed(Path(name))}"]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert Path(said) == Path(name) and not said.startswith("-")


def test_what_is_kept_is_told_as_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(ODD).mkdir()
    (Path(ODD) / "manifest.json").touch()
    with pytest.raises(KeyError) as caught, pointing_to(Path(ODD), EXPERIMENT):
        raise KeyError
    command = caught.value.__notes__[0].rpartition("to go on: ")[2]
    assert shlex.split(command) == ["labkit", "run", "--resume", f"./{ODD}"]


def test_of_another_labs_folder_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").touch()
    with pytest.raises(TakenError) as caught, pointing_to(tmp_path, EXPERIMENT):
        raise TakenError("it is there already")
    assert not getattr(caught.value, "__notes__", [])


def test_the_command_for_root_is_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", f"/x/{ODD}/python")
    words = [f"/x/{ODD}/labkit", "setup", "qemu"]
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert shlex.split(process.as_root("setup qemu")) == words
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(process, "find_tool", lambda name: f"/usr/bin/{name}")
    assert shlex.split(process.as_root("setup qemu")) == ["sudo", *words]
    monkeypatch.setattr(process, "find_tool", lambda name: None)
    *su, command = shlex.split(process.as_root("setup qemu"))
    assert (su, shlex.split(command)) == (["su", "-", "-c"], words)
