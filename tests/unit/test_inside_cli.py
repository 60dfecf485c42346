"""labkit inside without Docker: what was recorded, as text, as JSON, drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labkit import kept
from labkit.cli.app import app
from labkit.cli.inside import NAME
from labkit.errors import StoreError


def run(*words: str) -> None:
    app([*("inside", *words)], standalone_mode=False)


def test_recorded_processes_sockets_and_events(capsys: pytest.CaptureFixture[str]) -> None:
    run("--recorded")
    lines = capsys.readouterr().out.splitlines()
    for row in kept.load(NAME).tables["tree"].to_dict("records"):
        (line,) = [one for one in lines if one.endswith(f"process {row['pid']}")]
        assert row["name"] in line and row["role"] in line and "MiB" in line
    assert any("docker asks dockerd over" in line for line in lines)
    (last,) = [line for line in lines if "after tasks create" in line]
    assert last.split()[0] == "ready" and " ms [" in last


def test_one_json_object_and_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "kept"
    run("--recorded", "--json", "--out", str(folder))
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"about", "tree", "joints", "events"}
    assert {path.name for path in folder.glob("*.svg")} == {"tree.svg", "events.svg"}
    copied, ours = kept.load(NAME, folder), kept.load(NAME)
    assert copied.about == ours.about  # a copy was recorded when and where the original was
    for name, table in ours.tables.items():
        assert copied.tables[name].equals(table)


def test_a_folder_with_something_else_in_it_is_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(StoreError):
        run("--out", str(tmp_path))
