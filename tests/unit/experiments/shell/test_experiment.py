"""Scripts behind boundaries that are none: what fails has its reason, and it is resumed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.backends.base import Missing
from labkit.errors import BackendError
from labkit.experiments.engine import measure
from labkit.experiments.shell import plan
from labkit.experiments.shell.experiment import EXPERIMENT
from labkit.experiments.shell.plan import ShellOptions, question
from labkit.experiments.shell.records import ShellRecording
from labkit.experiments.shell.text import answers_to
from labkit.guest.protocol import Outcome, Script
from labkit.recordings.reader import read
from labkit.system import host
from tests.unit.experiments.offering import offer
from tests.unit.fakes import FakeBackend, FakeClock, FakeInstance

A, B = "echo a", "echo b"
HOSTILE = 'a\x00\x1b[31m",\n,"\tb\n'


@pytest.fixture
def backends(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeBackend]:
    """good works, bad breaks at its first start, lost is not there."""
    clock = FakeClock()
    fakes = {name: FakeBackend(name, clock=clock) for name in ("good", "lost")}
    fakes["bad"] = FakeBackend("bad", clock=clock, fails_at=1)
    fakes["lost"].missing = lambda: Missing("not installed", "install it")  # type: ignore[method-assign]
    offer(monkeypatch, fakes, plan)
    answering(monkeypatch, lambda script: Outcome(0.5, 3, script.text.encode(), b"oops"))
    return fakes


def answering(monkeypatch: pytest.MonkeyPatch, shell: Callable[[Script], Outcome]) -> None:
    monkeypatch.setattr(FakeInstance, "shell", lambda instance, script: shell(script))


def asked(tmp_path: Path, *names: str, texts: tuple[str, ...] = (A, B)) -> ShellRecording:
    questions = tuple(question(text, names, output_bytes=100) for text in texts)
    options = ShellOptions(questions=questions, out=tmp_path / "out", progress=False)
    return measure(EXPERIMENT, options)


def test_a_changed_priority_is_recorded_and_told_before(
    backends: dict[str, FakeBackend],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(host, "nice", lambda: 7)
    options = ShellOptions(questions=(question(A, ["good"]),), out=tmp_path / "out")
    assert measure(EXPERIMENT, options).manifest.host.nice == 7
    assert "nice 7" in capsys.readouterr().err


def test_a_time_of_nothing_is_none(
    backends: dict[str, FakeBackend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, lambda script: Outcome(0.0, 0, b"", b""))
    made = asked(tmp_path, "good", texts=(A,))
    (answer,) = answers_to(made, *made.manifest.plan.scripts.values())
    assert (answer.exit_status, answer.duration_s, answer.error) == (0, None, None)


def test_an_answer_of_each_script_behind_each_boundary(
    backends: dict[str, FakeBackend], tmp_path: Path
) -> None:
    made = asked(tmp_path, "bad", "lost", "good")
    a, b = made.manifest.plan.scripts.values()
    first = {row.backend: row for row in answers_to(made, a)}
    assert list(first) == ["bad", "good"] == [row.backend for row in answers_to(made, b)]
    assert "on purpose" in str(first["bad"].error) and first["bad"].exit_status is None
    good = first["good"]
    assert (good.exit_status, good.duration_s) == (3, 0.5)
    assert (good.stdout, good.stderr, good.truncated) == ("echo a\n", "oops", False)
    assert answers_to(made, b)[0].error is None  # once is not always
    assert set(made.left_out) == {"lost"} and "install it" in made.left_out["lost"]
    assert made.ending and (made.ending.reason, made.ending.batches) == ("plan", 4)
    assert all(backend.launched == backend.cleaned for backend in backends.values())
    assert EXPERIMENT.failure(made) is None


def test_where_no_script_could_be_run_it_is_an_error(
    backends: dict[str, FakeBackend], tmp_path: Path
) -> None:
    made = asked(tmp_path, "bad", texts=(A,))
    assert made.ending and made.ending.reason == "failures"
    assert isinstance(EXPERIMENT.failure(made), BackendError)


def test_where_no_backend_can_run_nothing_is_begun(
    backends: dict[str, FakeBackend], tmp_path: Path
) -> None:
    with pytest.raises(BackendError):
        asked(tmp_path, "lost")
    assert not (tmp_path / "out").exists()


def test_an_output_that_was_cut_is_told(
    backends: dict[str, FakeBackend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, lambda script: Outcome(0.5, 137, b"y" * 100, b""))
    (answer,) = asked(tmp_path, "good", texts=(A,)).answers.itertuples()
    assert (answer.truncated, len(str(answer.stdout)), answer.exit_status) == (True, 100, 137)


def test_any_output_is_read_as_it_was_written_and_printed_as_text(
    backends: dict[str, FakeBackend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, lambda script: Outcome(0.5, 0, HOSTILE.encode(), b"\xff" + b"x" * 90))
    made = asked(tmp_path, "good", texts=(A,))
    (answer,) = answers_to(made, next(iter(made.manifest.plan.scripts.values())))
    assert (answer.stdout, answer.stderr) == (HOSTILE, "\N{REPLACEMENT CHARACTER}" + "x" * 90)
    lines = EXPERIMENT.text(made).split("\n")
    assert all(line.isprintable() and len(line) <= 100 for line in lines)


def test_what_was_broken_off_is_read_and_resumed(
    backends: dict[str, FakeBackend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(script: Script) -> Outcome:
        if script.text == f"{B}\n":
            raise KeyboardInterrupt
        return Outcome(0.5, 0, b"", b"")

    answering(monkeypatch, interrupted)
    with pytest.raises(KeyboardInterrupt):
        asked(tmp_path, "good")
    half = read(tmp_path / "out", EXPERIMENT)
    assert half.ending is None and len(half.answers) == 1
    answering(monkeypatch, lambda script: Outcome(0.5, 1, b"", b""))
    whole = measure(EXPERIMENT, ShellOptions(resume=tmp_path / "out", progress=False))
    assert whole.answers["exit_status"].tolist() == [0, 1]
    assert whole.ending and whole.ending.reason == "plan"


def test_a_peak_that_could_not_be_read_says_why(
    backends: dict[str, FakeBackend], tmp_path: Path
) -> None:
    made = asked(tmp_path, "bad", "good", texts=(B, A))
    made.answers["peak_pss_bytes"] = 2**20
    assert "smaps_rollup" not in EXPERIMENT.text(made)
    made.answers["peak_pss_bytes"] = None
    assert EXPERIMENT.text(made).count("/proc/PID/smaps_rollup") == 1
