"""A script of one's own behind real boundaries: outputs, limits, and nothing left of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from labkit.backends.base import Backend
from labkit.backends.table import make_backend
from labkit.experiments import shell
from labkit.experiments.shell.plan import question
from labkit.experiments.shell.records import Answer
from labkit.experiments.shell.text import answers_to
from labkit.measure import cleanup
from tests.traces import traces

pytestmark = [pytest.mark.docker, pytest.mark.qemu]
NAMES = ["host", "docker", "qemu"]
Ask = Callable[..., dict[str, Answer]]


@pytest.fixture(autouse=True)
def all_ready(host_backend: Backend, docker_backend: Backend, qemu_backend: Backend) -> None:
    pass


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    return lambda text, **limits: _ask(tmp_path / str(uuid4()), text, **limits)


def _ask(out: Path, text: str, **limits: int) -> dict[str, Answer]:
    asked = question(text, NAMES, **limits)
    recording = shell.run(questions=(asked,), out=out, progress=False)
    answers = answers_to(recording, asked)
    assert [answer.error for answer in answers] == [None] * 3
    assert cleanup.sweep([make_backend(name) for name in NAMES], mine=True) == []
    return {answer.backend: answer for answer in answers}


def test_what_is_printed_comes_back_with_the_status_and_what_it_took(ask: Ask) -> None:
    answers = ask("uname -r\necho 'a  \\n b'\necho oops >&2\ncat\nexit 3")
    for answer in answers.values():
        release, text = answer.stdout.splitlines()
        assert release and text == r"a  \n b"
        assert (answer.stderr, answer.exit_status, answer.truncated) == ("oops\n", 3, False)
        assert answer.duration_s and answer.peak_pss_bytes
    kernels = {name: answer.stdout.splitlines()[0] for name, answer in answers.items()}
    assert kernels["host"] == kernels["docker"] != kernels["qemu"]


def test_limits_are_kept_and_what_goes_on_in_the_background_ends_too(ask: Ask) -> None:
    """A child that ignores signals and holds the outputs open."""
    answers = ask("(trap '' TERM HUP; sleep 600) &\nyes", seconds=1, output_bytes=100)
    for answer in answers.values():
        assert answer.stdout == "y\n" * 50 and answer.truncated
        assert answer.exit_status == 137
    assert traces(os.getpid()) == []


def test_memory_that_a_script_takes_is_seen(ask: Ask) -> None:
    little = ask("sleep 1")
    much = ask("dd if=/dev/zero bs=60M count=1 | sleep 1.5")
    for name in ("host", "docker"):
        more = (much[name].peak_pss_bytes or 0) - (little[name].peak_pss_bytes or 0)
        assert 50 < more / 2**20 < 75, name


def test_a_backend_that_cannot_run_has_its_reason_and_the_others_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    script = tmp_path / "script.sh"
    script.write_text("echo hi")
    recording = shell.run(script, ["docker", "host"], out=tmp_path / "out", progress=False)
    assert "no Docker daemon answers" in recording.left_out["docker"]
    assert recording.answers[["backend", "stdout"]].to_numpy().tolist() == [["host", "hi\n"]]
