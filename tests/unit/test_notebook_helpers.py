from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from labkit import notebook
from labkit.errors import BackendError, LabError, UsageError
from labkit.experiments.base import Experiment
from labkit.experiments.benchmark.options import RunOptions
from labkit.experiments.benchmark.records import Run
from labkit.experiments.table import load
from labkit.notebook import measuring
from labkit.recordings.words import Engine
from labkit.setup import diagnosis
from labkit.setup.diagnosis import Diagnosis, Finding
from labkit.system import host


@pytest.fixture(scope="module")
def recorded() -> Run:
    return load("first-comparison")


def finding(backend: str, engine: Engine | None, reason: str | None = None) -> Finding:
    return Finding(
        backend=backend,
        family="hypervisor",
        ready=engine is not None,
        engine=engine,
        version="1 <2>",
        reason=reason,
        notes=("because", "so"),
    )


def found(*findings: Finding) -> Diagnosis:
    return Diagnosis(host=host.inspect(), image_digest=None, findings=findings)


class Here:
    """Replaces what this computer can run, and the running itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
        self.asked: list[tuple[list[str], int | None]] = []
        self.answer: Run | LabError = BackendError("it broke", details="because")
        monkeypatch.setattr(diagnosis, "examine", lambda: found(*findings))
        monkeypatch.setattr(measuring, "measure_anew", self.run)

    def run(self, made_by: Experiment[Any, Any, Any], options: RunOptions) -> Run:
        self.asked.append((list(options.backends or ()), options.repeats))
        if isinstance(self.answer, LabError):
            raise self.answer
        return self.answer


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """docker and qemu could run."""
    monkeypatch.delenv("LAB_MODE", raising=False)
    return Here(monkeypatch, finding("docker", "native"), finding("qemu", "tcg"))


def test_the_mode_is_auto_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_MODE", raising=False)
    assert notebook.mode() == "auto"
    for word in ("live", "recorded", "auto"):
        monkeypatch.setenv("LAB_MODE", word)
        assert notebook.mode() == word
    monkeypatch.setenv("LAB_MODE", "Live")
    with pytest.raises(UsageError, match="'Live', which is no mode") as caught:
        notebook.mode()
    assert "auto, live, recorded" in caught.value.resolution


def test_what_can_run_is_a_table_with_reasons() -> None:
    answer = found(finding("docker", None, "no <daemon> " + "x" * 80), finding("qemu", "tcg"))
    table = str(notebook.what_can_run(answer).data)
    assert "no &lt;daemon&gt; " + "x" * 80 in table  # escaped, and never cut off
    assert "1 &lt;2&gt;; because; so" in table
    assert table.count("<tr") == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"backends": "docker"},
        {"backends": ["nope"]},
        {"repeats": 2.5},
        {"nope": 1},
        {"workloads": "cpu"},
        {"workloads": ["nope"]},
    ],
)
@pytest.mark.parametrize("word", ["recorded", "auto"])
def test_an_option_that_makes_no_sense_is_told_in_every_mode(
    recorded: Run, word: str, wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_MODE", word)
    with pytest.raises(UsageError):
        notebook.measure(recorded, **wrong)


def test_what_is_noticed_only_when_it_is_planned_hides_behind_no_recording(
    recorded: Run, here: Here
) -> None:
    here.answer = UsageError("such a plan makes no sense")
    with pytest.raises(UsageError, match="no sense"):
        notebook.measure(recorded, repeats=1)


def test_an_error_is_a_sentence_in_a_notebook_and_no_traceback() -> None:
    shown = UsageError("no", details="because", resolution="do")._render_traceback_()
    assert shown == ["error: no", "  why: because", "  what to do: do"]


def test_recorded_mode_starts_nothing(
    recorded: Run, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_MODE", "recorded")
    measured = notebook.measure(recorded, repeats=1)
    assert here.asked == []
    assert measured.recording is recorded
    assert repr(measured).startswith("recorded · ")
    assert "Nothing was started" in repr(measured)


def test_it_measures_what_was_recorded_and_can_run(recorded: Run, here: Here) -> None:
    here.answer = recorded
    measured = notebook.measure(recorded, repeats=1)
    assert here.asked == [(["docker", "qemu"], 1)]
    assert measured.badge.startswith("live · ")
    assert "docker, qemu" in measured.reason
    assert recorded.manifest.recording_id in measured.reason
    assert "Failed" not in measured.reason


def test_of_variants_each_is_measured(recorded: Run, here: Here) -> None:
    names = ("docker:network=bridge", "docker", "docker:rm=yes", "virtualbox:x=y")
    infos = dict.fromkeys(names, recorded.manifest.backends["docker"])
    manifest = recorded.manifest.model_copy(update={"backends": infos})
    here.answer = recorded
    notebook.measure(replace(recorded, manifest=manifest))
    assert here.asked == [(["docker:network=bridge", "docker", "docker:rm=yes"], None)]


def test_slow_and_unknown_ones_are_left_out_unless_named(
    recorded: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_MODE", "auto")
    here = Here(
        monkeypatch,
        finding("host", "native"),
        finding("qemu", "vbox-recompiler"),
        finding("docker", None, "away"),
        finding("other", "native"),
    )
    here.answer = recorded
    notebook.measure(recorded)
    notebook.measure(recorded, backends=["qemu"])
    assert [names for names, _ in here.asked] == [["host"], ["qemu"]]


def test_what_cannot_be_measured_is_a_reason_or_in_live_mode_an_error(
    recorded: Run, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = notebook.measure(recorded)
    assert (measured.recording, measured.source) == (recorded, "recorded")
    assert "it broke" in measured.reason
    monkeypatch.setenv("LAB_MODE", "live")
    with pytest.raises(BackendError, match="it broke"):
        notebook.measure(recorded)


def test_a_computer_without_any_backend(recorded: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_MODE", "auto")
    Here(monkeypatch, finding("docker", None, "away"))
    assert "nothing that was recorded can run" in notebook.measure(recorded).reason
    monkeypatch.setenv("LAB_MODE", "live")
    with pytest.raises(BackendError, match="nothing that was recorded"):
        notebook.measure(recorded)


def with_failures(run: Run, backends: set[str]) -> Run:
    trials = run.trials.copy()
    broken = trials["backend"].isin(backends)
    trials.loc[broken, ["status", "error"]] = ["failed", "the kernel hung"]
    assert run.ending is not None
    lost = backends == set(trials["backend"])
    reason = {"reason": "failures" if lost else "plan"}
    ending = run.ending.model_copy(update=reason)
    return replace(run, tables={**run.tables, "trials": trials}, ending=ending)


def test_failed_trials_are_told(recorded: Run, here: Here) -> None:
    here.answer = with_failures(recorded, {"qemu"})
    told = notebook.measure(recorded).reason
    assert "Failed, and left out" in told and "(qemu): the kernel hung" in told
    here.answer = with_failures(recorded, set(recorded.trials["backend"]))
    measured = notebook.measure(recorded)
    assert measured.source == "recorded"
    assert "the kernel hung" in measured.reason


@pytest.mark.parametrize(
    ("guess", "measured", "words"),
    [
        (10, 150, "too low, by a factor of 15"),
        (10, 15_000, "too low, by a factor of 1,500"),
        (0.5, 0.2, "too high, by a factor of 2.5"),
        (80, 98, "a good guess, off by less than half"),
        (98, 80, "a good guess, off by less than half"),
    ],
)
def test_a_guess_in_words(guess: float, measured: float, words: str) -> None:
    assert notebook.off_by(guess, measured) == words


@pytest.mark.parametrize(("guess", "measured"), [(0, 1), (-3, 1), (1, 0)])
def test_a_guess_of_nothing_is_refused(guess: float, measured: float) -> None:
    with pytest.raises(UsageError, match="above zero"):
        notebook.off_by(guess, measured)
