"""The recording of deployments: read whole or refused, gone on with, told in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

import labkit
from labkit.errors import UsageError
from labkit.experiments.deployment import measure
from labkit.experiments.deployment.experiment import EXPERIMENT
from labkit.experiments.deployment.methods import Method
from labkit.experiments.deployment.records import DeploymentOptions, DeploymentPlan, DeploymentStep
from labkit.image import LabImage
from labkit.measure.session import Session
from labkit.recordings import tables
from labkit.recordings.kind import Rows

NAME = "deployment"


def step(**more: Any) -> DeploymentStep:
    known: dict[str, Any] = {"trial": 1, "method": "a", "model": "PaaS", "engine": "native"}
    known |= {"step": 1, "title": "t", "files": 1, "lines": 1, "bytes": 1, "seconds": 0.1}
    return DeploymentStep(**{**known, **more})


def test_the_one_that_comes_with_the_lab_can_be_read_and_told() -> None:
    found = labkit.load(NAME)
    assert found.manifest.plan.repeats == found.steps["trial"].max() == 5
    lines = EXPERIMENT.text(found).splitlines()
    assert max(map(len, lines)) <= 100
    for method in found.steps["method"].unique():
        assert any(line.startswith(f"{method} (") for line in lines)
    assert list(EXPERIMENT.charts(found, "badge")) == ["deployments", "responsibilities"]
    assert EXPERIMENT.json(found)["tables"]["steps"][0]["method"] == "virtual machine"


@pytest.mark.parametrize("repeats", [0, -1, 51])
def test_what_makes_no_sense_is_no_plan(repeats: int) -> None:
    with pytest.raises(UsageError):
        EXPERIMENT.plan(DeploymentOptions(repeats=repeats))


def test_a_step_of_no_repetition_is_a_fault() -> None:
    manifest = labkit.load(NAME).manifest
    rows: Rows = {"steps": [step(trial=5), step(trial=6)]}
    assert [table for table, _ in EXPERIMENT.faults(manifest, rows)] == ["steps"]


def test_what_is_done_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def place(session: Session, method: Method) -> Iterator[None]:
        yield None

    two = (Method("a", "PaaS", ()), Method("b", "PaaS", ()))
    monkeypatch.setattr(measure, "methods", lambda image: two)
    monkeypatch.setattr(measure, "_place", place)
    monkeypatch.setattr(
        measure, "deploy", lambda method, place, trial: [step(trial=trial, method=method.name)]
    )
    session = Session(cast(LabImage, None), cast(LabImage, None), {})
    session.before = {"steps": [step(trial=1, method="a"), step(trial=2, method="b")]}
    batches = measure.measure(DeploymentPlan(repeats=2), session)
    steps = tables.frame([row for rows in batches for row in rows["steps"]], DeploymentStep)
    assert steps[["trial", "method"]].to_numpy().tolist() == [[1, "b"], [2, "a"]]
