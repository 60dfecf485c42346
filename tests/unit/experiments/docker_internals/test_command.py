"""labkit docker-internals without Docker: what was recorded, as text, as JSON, drawn; what makes no
sense is refused before anything starts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import labkit
from labkit.cli import app
from labkit.errors import StoreError, UsageError
from labkit.experiments.docker_internals.experiment import EXPERIMENT
from labkit.experiments.docker_internals.plan import DockerInternalsOptions
from labkit.experiments.docker_internals.text import text as internals_text

NAME = "docker-internals"


def run(*words: str) -> None:
    app([NAME, *words], standalone_mode=False)


def test_recorded_processes_sockets_and_events(capsys: pytest.CaptureFixture[str]) -> None:
    run("--recorded")
    lines = capsys.readouterr().out.splitlines()
    for row in labkit.load(NAME).tree.to_dict("records"):
        (line,) = [one for one in lines if one.endswith(f"process {row['pid']}")]
        assert row["name"] in line and row["role"] in line and "MiB" in line
    assert any("docker asks dockerd over" in line for line in lines)
    (last,) = [line for line in lines if "after tasks create" in line]
    assert last.split()[0] == "ready" and " ms [" in last


def test_memory_that_may_not_be_read_is_rss_with_the_reason() -> None:
    recording = labkit.load(NAME)
    unread = recording.tree.assign(pss_bytes=None)
    text = internals_text(replace(recording, tables={**recording.tables, "tree": unread}))
    assert "–" not in text.split("who asks")[0]
    assert text.count(" RSS ") == len(unread) and "/proc/PID/smaps_rollup" in text


def test_one_json_object_and_the_charts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--recorded", "--json", "--chart", str(tmp_path / "docker.svg"))
    told = json.loads(capsys.readouterr().out)
    assert set(told["tables"]) == {"tree", "survivors", "connections", "events"}
    assert told["manifest"]["plan"]["trials"] == 20
    assert {path.name for path in tmp_path.iterdir()} == {"docker.svg", "docker-events.svg"}


def test_of_a_killed_daemon_each_process_has_its_fate() -> None:
    recording = labkit.load("killed-daemon")
    lines = EXPERIMENT.text(recording).splitlines()
    fates = {row["role"]: row["survives"] for row in recording.survivors.to_dict("records")}
    for role, survives in fates.items():
        (line,) = [line for line in lines if f"  {role}, process" in line]
        assert line.endswith("lives on" if survives else "ends with the daemon")
    assert list(EXPERIMENT.charts(recording, "")) == ["tree"]


def test_a_folder_with_something_else_in_it_is_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(StoreError):
        run("--out", str(tmp_path))


@pytest.mark.parametrize(
    "options",
    [DockerInternalsOptions(trials=0), DockerInternalsOptions(trials=3, killed_daemon=True)],
)
def test_what_makes_no_sense_is_no_plan(options: DockerInternalsOptions) -> None:
    with pytest.raises(UsageError):
        EXPERIMENT.plan(options)


def test_the_plan_of_the_usual_look_and_of_a_killed_daemon() -> None:
    assert EXPERIMENT.plan(DockerInternalsOptions()).trials == 10
    plan = EXPERIMENT.plan(DockerInternalsOptions(killed_daemon=True))
    assert plan.killed_daemon and EXPERIMENT.needs(plan).backends == ()
