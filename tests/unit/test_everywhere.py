from __future__ import annotations

import json
from pathlib import Path

import pytest

from labkit import everywhere, paths, planning
from labkit.errors import UsageError
from labkit.everywhere import Answer, question
from labkit.notebook import magic


@pytest.mark.parametrize(
    ("text", "limits", "says"),
    [
        (" \n", {}, "no script"),
        ("x" * 3000, {}, "3000 bytes"),
        ("true", {"seconds": 0}, "0 s is not possible"),
        ("true", {"seconds": 10**6}, "is not possible"),
        ("true", {"output_bytes": 0}, "0 bytes of output"),
        ("true", {"backends": ["nope"]}, "no backend 'nope'"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, limits: dict[str, int], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        question(text, **limits)  # type: ignore[arg-type]


def test_never_on_the_host_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "available", lambda: ("host", "docker", "qemu-resumed"))
    assert question("true").backends == ("docker",)
    assert question("true", ["host"]).backends == ("host",)


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAB_MODE", "recorded")
    monkeypatch.setattr(paths, "reference_dir", lambda: tmp_path)
    return tmp_path / "everywhere"


def test_what_was_recorded_is_shown_and_nothing_started(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Answer(backend="docker", engine="native", status=0, seconds=1.5, out="<b>&\n")
    monkeypatch.setattr(everywhere, "ask", lambda asked: [answer])
    monkeypatch.setenv("LAB_MODE", "live")
    monkeypatch.setenv("LAB_RECORD", "1")
    live = magic.run_cell("docker", "echo")
    monkeypatch.setenv("LAB_MODE", "recorded")
    again = magic.run_cell("docker", "echo")
    assert live and again and live.answers == again.answers == [answer]
    assert "&lt;b&gt;&amp;" in again._repr_html_() and "1.50 s" in again._repr_html_()
    assert again.note.startswith("recorded") and live.note.startswith("live")
    other = magic.run_cell("docker", "echo other")
    assert other and other.answers == [] and "nobody has recorded" in other.note


def test_damaged_answers_are_told(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded.mkdir()
    asked = question("echo", ["docker"])
    magic._file(asked).write_text(json.dumps({"answers": [{"backend": 1}]}))
    assert magic.run_cell("docker", "echo") is None
    assert "recorded answers are damaged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "says"),
    [("--seconds x", "invalid int"), ("--nope", "unrecognized"), ("nope", "no backend 'nope'")],
)
def test_wrong_words_are_told_and_do_not_end_the_kernel(
    line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert magic.run_cell(line, "true") is None
    assert says in capsys.readouterr().out
