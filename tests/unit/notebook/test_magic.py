"""%%everywhere: live, recorded, or what can be had, as LAB_MODE says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labkit.backends.base import Missing
from labkit.errors import StoreError, UsageError
from labkit.experiments import engine
from labkit.experiments.shell import cells, plan
from labkit.experiments.table import load
from labkit.guest.protocol import Outcome
from labkit.notebook import magic
from labkit.recordings import reader
from tests.unit.experiments.offering import offer
from tests.unit.experiments.shell.test_recording import ANSWER, written
from tests.unit.fakes import FakeBackend, FakeClock, FakeInstance

RECORDED = ANSWER.model_copy(update={"stdout": "<b>&\n", "duration_s": 1.5})


@pytest.fixture(autouse=True)
def backends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeBackend]:
    """docker and qemu work; `true` was recorded behind docker."""
    written(tmp_path / "reference" / "shell", RECORDED)
    for module in (reader, engine):
        monkeypatch.setattr(module, "runs_dir", lambda: tmp_path / "runs")
    monkeypatch.setattr(reader, "reference_dir", lambda: tmp_path / "reference")
    clock = FakeClock()
    fakes = {name: FakeBackend(name, clock=clock) for name in ("docker", "qemu")}
    offer(monkeypatch, fakes, plan, magic)
    monkeypatch.setattr(FakeInstance, "shell", lambda *asked: Outcome(0.5, 0, b"live\n", b""))
    monkeypatch.delenv("LAB_MODE", raising=False)
    return fakes


def lose(*backends: FakeBackend) -> None:
    for backend in backends:
        backend.missing = lambda: Missing("no access", "ask for it")  # type: ignore[method-assign]


def shown(line: str, cell: str = "true\n") -> magic.Answers:
    answers = magic.run_cell(line, cell)
    assert answers is not None
    return answers


def test_what_was_recorded_is_shown_and_nothing_started(
    backends: dict[str, FakeBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_MODE", "recorded")
    again = shown("docker")
    assert again.answers == [RECORDED]
    assert "&lt;b&gt;&amp;" in again._repr_html_() and "1.50 s" in again._repr_html_()
    assert again.note.startswith("recorded") and not again.left_out
    assert shown("").answers == [RECORDED]
    assert set(shown("docker qemu").left_out) == {"qemu"}
    assert shown("docker", "echo other").answers == []
    assert sum(backend.launched for backend in backends.values()) == 0


def test_live_leaves_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_MODE", "live")
    live = shown("docker", "echo other")
    assert [row.stdout for row in live.answers] == ["live\n"] and live.note.startswith("live")
    (folder,) = (tmp_path / "runs").iterdir()
    (asked,) = load(folder).manifest.plan.scripts.values()
    assert asked.text == "echo other\n"


def test_in_mode_auto_it_is_live_where_all_can_be_started(
    backends: dict[str, FakeBackend],
) -> None:
    live = shown("docker")
    assert live.note.startswith("live") and backends["docker"].launched == 1


def test_without_access_to_docker_the_recorded_answers_are_shown_with_the_reason(
    backends: dict[str, FakeBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(backends["docker"])
    again = shown("docker")
    assert again.answers == [RECORDED]
    assert again.note.startswith("recorded") and "no access" in again.note
    assert shown("docker qemu").answers == [RECORDED]
    assert sum(backend.launched for backend in backends.values()) == 0
    monkeypatch.setenv("LAB_MODE", "live")
    assert magic.run_cell("docker", "true\n") is None


def test_a_script_that_nobody_has_recorded_is_run_where_it_can_be(
    backends: dict[str, FakeBackend], capsys: pytest.CaptureFixture[str]
) -> None:
    lose(backends["docker"])
    partly = shown("docker qemu", "echo other")
    assert [row.backend for row in partly.answers] == ["qemu"]
    assert "no access" in partly.left_out["docker"] and "no access" in partly._repr_html_()
    lose(*backends.values())
    assert magic.run_cell("docker qemu", "echo other") is None
    assert "no access" in capsys.readouterr().out


def test_what_fails_after_all_becomes_the_reason_for_the_recorded_one(
    backends: dict[str, FakeBackend],
) -> None:
    backends["docker"]._fails_at = 1
    again = shown("docker")
    assert again.answers == [RECORDED] and "on purpose" in again.note


def test_damaged_answers_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "reference" / "shell" / "answers.csv"
    table.write_text(table.read_text().replace("1.5", "2.5"))
    assert magic.run_cell("docker", "true\n") is None
    assert str(table) in capsys.readouterr().out


@pytest.mark.parametrize("line", ["--seconds x", "--nope", "nope", "'docker", "--bytes 0"])
def test_wrong_words_are_told_and_do_not_end_the_kernel(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError):
        cells.of_cell(line, "true\n")
    assert magic.run_cell(line, "true\n") is None
    assert capsys.readouterr().out.startswith("error: ")


@pytest.mark.parametrize(
    "line", ["docker,qemu --packages jq,fio", "docker, qemu --packages fio,jq"]
)
def test_packages_and_backends_with_commas_between(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[plan.ShellOptions] = []

    def measure(experiment: object, options: plan.ShellOptions) -> object:
        asked.append(options)
        raise UsageError("enough")

    monkeypatch.setattr(magic, "measure", measure)
    monkeypatch.setenv("LAB_MODE", "live")
    assert magic.run_cell(line, "echo other") is None
    assert asked[0].packages == ("fio", "jq")
    assert asked[0].questions[0].backends == ("docker", "qemu")


def notebook(path: Path, *sources: str) -> None:
    code = [{"cell_type": "code", "source": text.splitlines(keepends=True)} for text in sources]
    text = {"cell_type": "markdown", "source": ["%%everywhere\n", "true"]}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cells": [*code, text]}))


def test_the_scripts_of_all_notebooks(tmp_path: Path) -> None:
    book = "%%everywhere docker --seconds 5 --bytes 9 --packages jq\necho a\necho b"
    notebook(tmp_path / "books" / "01.ipynb", "1 + 1", book, "%%everywhere\ntrue")
    notebook(tmp_path / "books" / "02.ipynb", "%%everywheres\nfalse")
    first, second = cells.of_notebooks(tmp_path / "books")
    assert first == plan.question("echo a\necho b", ["docker"], seconds=5, output_bytes=9)
    assert second == plan.question("true", cells.RECORDED)
    assert cells.packages_of_notebooks(tmp_path / "books") == ("jq",)
    (tmp_path / "books" / "03.ipynb").write_text("no notebook")
    with pytest.raises(StoreError):
        cells.of_notebooks(tmp_path / "books")
