"""No advice goes in circles: an error never tells to call the command again that it has ended."""

from __future__ import annotations

import re

import grimp
import pytest

from labkit.backends.base import broken
from labkit.errors import BackendError, CommandError, GuestTimeout, ImageError, LabError
from tests.unit.advice import Advice, all_advice

# Command → what it does; all that this imports can end it.
COMMANDS = {
    "doctor": "labkit.setup.diagnosis",
    "setup": "labkit.setup.steps",
    "clean": "labkit.setup.steps",
    "image build": "labkit.image.builder",
    "image show": "labkit.cli.image",
    "report": "labkit.cli.report",
    "compare": "labkit.cli.compare",
    "migrate": "labkit.experiments.migrate",
    "run": "labkit.experiments.benchmark.experiment",
    "selftest": "labkit.experiments.selftest.experiment",
    "isolation": "labkit.experiments.isolation.experiment",
    "images": "labkit.experiments.images.experiment",
    "neighbours": "labkit.experiments.neighbours.experiment",
    "deployment": "labkit.experiments.deployment.experiment",
    "docker-internals": "labkit.experiments.docker_internals.experiment",
    "orchestration": "labkit.experiments.orchestration.experiment",
    "density": "labkit.experiments.density.experiment",
    "mistakes": "labkit.experiments.mistakes.experiment",
    "shell": "labkit.experiments.shell.experiment",
}


@pytest.fixture(scope="module")
def advice() -> list[Advice]:
    return list(all_advice())


@pytest.fixture(scope="module")
def reached() -> dict[str, set[str]]:
    """Command → the modules whose errors may end it."""
    graph = grimp.build_graph("labkit", cache_dir=None)
    always = {"labkit.cli.bug_report", "labkit.system.refusals"}
    return {
        name: always | {root} | graph.find_upstream_modules(root) for name, root in COMMANDS.items()
    }


def test_all_of_it_is_found(advice: list[Advice]) -> None:
    assert len(advice) > 200 and all(one.text for one in advice)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_advice_is_the_command_that_has_failed(
    command: str, advice: list[Advice], reached: dict[str, set[str]]
) -> None:
    again = re.compile(rf"(\S+: )?labkit {command}\b(?! [A-Z-])")
    circles = [one for one in advice if one.module in reached[command] and again.match(one.text)]
    assert circles == []


@pytest.mark.parametrize("kind", [LabError, CommandError, BackendError, GuestTimeout, ImageError])
def test_the_doctor_never_sends_to_itself(kind: type[LabError]) -> None:
    assert "doctor" not in broken(kind("it failed")).fix


def test_in_one_line_a_colon_parts_what_went_wrong_from_why() -> None:
    assert broken(BackendError("it failed", details="no room")).reason == "it failed:\nno room"
    assert broken(BackendError("it failed")).reason == "it failed"
