"""A script of one's own behind real boundaries: outputs, limits, and nothing left of it."""

from __future__ import annotations

import os

import pytest

from labkit import everywhere, orphans
from labkit.backends import Backend, make_backend
from labkit.everywhere import Answer
from tests.traces import traces

pytestmark = [pytest.mark.docker, pytest.mark.qemu]
NAMES = ["host", "docker", "qemu"]


@pytest.fixture(autouse=True)
def all_ready(host_backend: Backend, docker_backend: Backend, qemu_backend: Backend) -> None:
    pass


def ask(text: str, **limits: int) -> dict[str, Answer]:
    answers = everywhere.ask(everywhere.question(text, NAMES, **limits), progress=False)
    assert [answer.trouble for answer in answers] == [""] * 3
    assert orphans.sweep([make_backend(name) for name in NAMES], mine=True) == []
    return {answer.backend: answer for answer in answers}


def test_what_is_printed_comes_back_with_the_status_and_what_it_took() -> None:
    answers = ask("uname -r\necho 'a  \\n b'\necho oops >&2\ncat\nexit 3")
    for answer in answers.values():
        release, text = answer.out.splitlines()
        assert release and text == r"a  \n b"
        assert (answer.err, answer.status, answer.cut) == ("oops\n", 3, False)
        assert answer.seconds and answer.peak_pss_bytes
    kernels = {name: answer.out.splitlines()[0] for name, answer in answers.items()}
    assert kernels["host"] == kernels["docker"] != kernels["qemu"]


def test_limits_are_kept_and_what_goes_on_in_the_background_ends_too() -> None:
    """A child that ignores signals and holds the outputs open."""
    answers = ask("(trap '' TERM HUP; sleep 600) &\nyes", seconds=1, output_bytes=100)
    for answer in answers.values():
        assert answer.out == "y\n" * 50 and answer.cut
        assert answer.status == 137
    assert traces(os.getpid()) == []


def test_memory_that_a_script_takes_is_seen() -> None:
    little = ask("sleep 1")
    much = ask("dd if=/dev/zero bs=60M count=1 | sleep 1.5")
    for name in ("host", "docker"):
        more = (much[name].peak_pss_bytes or 0) - (little[name].peak_pss_bytes or 0)
        assert 50 < more / 2**20 < 75, name


def test_a_backend_that_cannot_run_has_its_reason_and_the_others_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    asked = everywhere.question("echo hi", ["docker", "host"])
    docker, host = everywhere.ask(asked, progress=False)
    assert "no Docker daemon answers" in docker.trouble and "what to do" in docker.trouble
    assert host.out == "hi\n"
