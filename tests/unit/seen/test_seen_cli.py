"""labkit seen without any backend: what was recorded, as a table, as JSON, drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labkit import seen
from labkit.cli.app import app
from labkit.errors import UsageError
from tests.unit.seen.made_up import sight


def run(*words: str) -> None:
    app([*("seen", *words)], standalone_mode=False)


def test_recorded_answers_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    run("--recorded")
    out = capsys.readouterr().out
    assert "docker (native)" in out and "qemu (tcg)" in out
    (kernel,) = [line for line in out.splitlines() if line.startswith("kernel ")]
    assert "host's (" in kernel and "own (" in kernel
    assert "allowed >own" in out and "refused (EPERM)" in out


def test_one_json_object_a_chart_and_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chart, folder = tmp_path / "seen.svg", tmp_path / "kept"
    run("--recorded", "--json", "--chart", str(chart), "--out", str(folder))
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"manifest", "answers", "table"}
    assert chart.stat().st_size > 1000
    assert seen.load(folder) == seen.load()


def test_recorded_ones_cannot_be_chosen() -> None:
    with pytest.raises(UsageError, match="recorded"):
        run("--recorded", "--backends", "docker")


def test_what_could_not_be_looked_at_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = sight("host", "docker")
    manifest = whole.manifest.model_copy(update={"left_out": {"qemu": "not there"}})
    found = {("docker", "qemu"): seen.Sight(manifest, whole.answers)}
    monkeypatch.setattr(seen, "look", lambda names: found[tuple(names)])
    run("--backends", "docker,qemu")
    assert capsys.readouterr().out.endswith("left out: qemu: not there\n")
