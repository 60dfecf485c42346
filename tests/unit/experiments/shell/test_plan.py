"""What is asked: checked before anything is started, and never of the host unless it is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from labkit.errors import BackendError, UsageError
from labkit.experiments.shell.plan import (
    LONGEST_SCRIPT,
    ShellOptions,
    make_plan,
    question,
    together,
)
from labkit.experiments.shell.records import Question, ShellPlan
from labkit.measure import choice


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        (" \n", {}),
        ("x" * LONGEST_SCRIPT, {}),
        ("true", {"seconds": 0}),
        ("true", {"seconds": 301}),
        ("true", {"output_bytes": 0}),
        ("true", {"output_bytes": 65537}),
        ("true", {"backends": ["nope"]}),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, limits: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        question(text, **{"backends": ["docker"], **limits})  # type: ignore[arg-type]


def test_the_longest_script_and_the_widest_limits() -> None:
    text = "x" * (LONGEST_SCRIPT - 1)
    asked = question(text, ["docker"], seconds=300, output_bytes=65536)
    assert (asked.text, asked.seconds, asked.output_bytes) == (f"{text}\n", 300, 65536)


def test_never_on_the_host_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "available", lambda: ("host", "docker", "qemu-resumed"))
    assert question("true").backends == ("docker",)
    assert question("true", ["host"]).backends == ("host",)
    monkeypatch.setattr(choice, "available", lambda: ("host",))
    with pytest.raises(BackendError):
        question("true")


def test_the_script_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "script.sh"
    file.write_text("uname -r\n\n")
    options = ShellOptions(script=file, backends=["docker", "docker"], seconds=5, bytes=100)
    (asked,) = make_plan(options).scripts.values()
    assert asked == Question(text="uname -r\n", backends=("docker",), seconds=5, output_bytes=100)


def test_a_file_that_is_not_there_or_no_text_and_no_script_at_all(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for script in (tmp_path / "nowhere", tmp_path / "binary", None):
        with pytest.raises(UsageError):
            make_plan(ShellOptions(script=script, backends=["docker"]))


def test_several_scripts_in_one_plan_and_the_same_one_once() -> None:
    asked = [
        question("echo a", ["docker"]),
        question("echo b", ["qemu"]),
        question("echo a\n", ["qemu", "docker"]),
    ]
    plan = together(asked)
    assert [(one.text, one.backends) for one in plan.scripts.values()] == [
        ("echo a\n", ("docker", "qemu")),
        ("echo b\n", ("qemu",)),
    ]
    assert make_plan(ShellOptions(questions=tuple(asked))) == plan
    with pytest.raises(UsageError):
        together([*asked, question("echo a", ["docker"], seconds=5)])


def test_an_id_is_that_of_its_script() -> None:
    """SHA-256 of "true\\n", as sha256sum tells it."""
    asked = question("true", ["docker"])
    assert asked.id == "a17fcf0a2f50e2d4"
    with pytest.raises(ValidationError):
        ShellPlan(scripts={"0" * 16: asked})
