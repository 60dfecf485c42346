"""The command line as a shell sees it: exit statuses, stdout and stderr."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.backends.table import BACKENDS
from labkit.cli.app import ORDER
from tests.unit.recordings.written import records, written

COMMANDS = ORDER


def labkit(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("labkit")), *words],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_help_is_a_menu_that_teaches() -> None:
    done = labkit("--help")
    assert done.returncode == 0
    for word in (*ORDER, "To begin:"):
        assert word in done.stdout
    assert labkit().stdout + labkit().stderr  # a bare call shows the same, and does nothing


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    done = labkit(command, "--help")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 5
    assert "\\b" not in done.stdout, "click's sign that keeps lines apart is one character"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "--backends", "nope"], "there is no backend 'nope'"),
        (["run", "--backends", ","], "an empty list names nothing"),
        (["run", "--backends", "host", "--workloads", "nope"], "there is no workload 'nope'"),
        (["run", "--backends", "host", "--repeats", "0"], "0 repeats make no run"),
        (["run", "--backends", "host", "--repeats", "-3"], "-3 repeats make no run"),
        (["run", "--backends", "host", "--repeats", "9" * 20], "repeats make no run"),
        (["run", "--backends", "host", "--repeats", "x"], "valid integer"),
        (["run", "--backends", "host", "--cpus", "100000"], "more than this computer has"),
        (["run", "--backends", "host", "--kernel", "/no/such/file"], "/no/such/file"),
        (["paas", "deploy", "/no/such/folder"], "there is no folder /no/such/folder"),
        (["paas", "stop"], "one app or all of them"),
        (["images", "--parts", "nope"], "nope is no part"),
        (["paas", "stop", "x", "--all"], "one app or all of them"),
        (["run", "--resume", "x", "--seed", "1"], "seed cannot be chosen"),
        (["run", "--resume", "nope"], "there is no recording 'nope'"),
        (["run", "--resume", "first-comparison"], "is complete"),
        (["isolation", "--resume", "first-comparison"], "a recording of benchmark"),
        (["run", "--backends", "host", "--chart", "x.pdf"], "use .svg or .png"),
        (["setup", "nope"], "there is no backend 'nope'"),
        (["selftest", "--backends", "nope"], "there is no backend 'nope'"),
        (["selftest", "--repeats", "1"], "1 repeats make no selftest"),
        (["nope"], "No such command"),
    ],
)
def test_a_wrong_word_is_told_and_ends_with_an_error(words: list[str], says: str) -> None:
    done = labkit(*words)
    assert done.returncode != 0
    assert says in re.sub(r"\s+", " ", done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unknown_run_is_told() -> None:
    done = labkit("report", "nope")
    assert done.returncode == 1
    assert "there is no recording 'nope'" in done.stderr and "what to do" in done.stderr


def test_a_damaged_run_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, records())
    file = path / "trials.csv"
    file.write_bytes(file.read_bytes()[:-3])
    done = labkit("report", str(path))
    assert done.returncode == 1
    assert "trials.csv is damaged" in done.stderr


def test_two_runs_are_compared_and_drawn(tmp_path: Path) -> None:
    path = str(written(tmp_path, records()))
    chart = tmp_path / "change.svg"
    done = labkit("compare", path, path, "--chart", str(chart))
    assert done.returncode == 0, done.stderr
    assert "B / A" in done.stdout and "Computers: the same" in done.stdout
    assert chart.read_text().startswith("<?xml") and str(chart) in done.stderr
    assert json.loads(labkit("compare", path, path, "--json").stdout)["rows"]
    done = labkit("compare", path, "nope")
    assert done.returncode == 1 and "there is no recording 'nope'" in done.stderr


def test_the_doctor_speaks_json() -> None:
    done = labkit("doctor", "--json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert [f["backend"] for f in found["findings"]] == list(BACKENDS)
    for finding in found["findings"]:
        assert finding["ready"] or (finding["reason"] and finding["fix"])


def test_the_menu_waits_for_none_of_the_slow_packages() -> None:
    """labkit --help: 0.11 s of processor time; with pydantic and psutil 0.25, with pandas 0.7."""
    script = (
        "import sys, labkit.cli\n"
        "try: labkit.cli.app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    argv = [sys.executable, "-c", script]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    slow = {"pandas", "scipy", "matplotlib", "numpy", "pydantic", "psutil", "docker", "tqdm"}
    assert "doctor" in done.stdout
    assert slow & set(done.stderr.split()) == set()
