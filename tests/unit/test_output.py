"""What the command line writes: in any encoding, to a full disk, for a reader who is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from labkit.cli import experiments, output
from labkit.experiments import engine, report
from labkit.experiments.options import Options

LABKIT = str(Path(sys.executable).with_name("labkit"))


def labkit(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [LABKIT, *words],
        capture_output=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize("encoding", ["ascii", "euc_kr", "iso8859-6"])
def test_a_sign_that_a_terminal_lacks_is_another_of_the_same_width(encoding: str) -> None:
    text = "✓ 2 × 3 – 가 \udce9"
    found = text.encode(encoding, output.HANDLER)
    assert found.endswith(b" \xe9")  # a byte of a name stays what it was
    if encoding == "ascii":
        assert found[:-1] == b"+ 2 x 3 - ? "


def test_a_report_reaches_a_terminal_that_knows_ascii_only(tmp_path: Path) -> None:
    done = labkit("report", "quiet", "--out", str(tmp_path / "x.html"), PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert b"x" in done.stdout
    assert done.stdout.isascii()


@pytest.mark.parametrize("words", ["runs", "--help"])
@pytest.mark.parametrize("buffered", ["", "1"])
def test_a_full_output_is_an_error_in_words(buffered: str, words: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [LABKIT, words],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": buffered},
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: the output")
    assert b"Exception ignored" not in done.stderr


def test_the_list_of_runs_names_what_comes_with_the_lab() -> None:
    done = labkit("runs")
    assert b"first-comparison" in done.stdout


def test_quiet_and_version(tmp_path: Path) -> None:
    assert labkit("--version").stdout.startswith(b"labkit ")
    words = ("compare", "quiet", "busy", "--chart", str(tmp_path / "chart.svg"))
    assert b"chart.svg" in labkit(*words).stderr
    assert labkit("--quiet", *words).stderr == b""


def test_an_ignored_signal_stays_ignored() -> None:
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); from labkit import cli;"
        "cli._on_signals(cli._interrupt);"
        "assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN;"
        "assert signal.getsignal(signal.SIGTERM) is cli._interrupt"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("as_json", [False, True])
def test_further_pages_are_told_last(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = SimpleNamespace(path=Path("run"))
    made: Any = SimpleNamespace(
        examined=lambda recording: recording,
        told=lambda _: "a table",
        json=lambda _: {"is": "json"},
        further_pages=lambda _: {"homework": Path("run/homework.html")},
        failure=lambda _: None,
    )
    monkeypatch.setattr(engine, "measure", lambda *_: found)
    monkeypatch.setattr(report, "write", lambda *_, **__: Path("run/report.html"))
    experiments.run(made, Options(), recorded=False, chart=None, as_json=as_json)
    said = capsys.readouterr()
    *before, page, _how = (said.err if as_json else said.out).splitlines()
    assert page.split() == ["homework:", "run/homework.html"]
    assert any("report.html" in line for line in before) != as_json
    assert not as_json or said.out.strip() == '{"is": "json"}'
