"""What an orchestrator adds: the figures of a recording, and how pods are followed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from labkit import notes
from labkit.errors import UsageError
from labkit.experiments.orchestration import charts, stats
from labkit.experiments.orchestration.app import App, is_ready, manifest
from labkit.experiments.orchestration.experiment import EXPERIMENT
from labkit.experiments.orchestration.records import OrchestrationOptions, Outcome, PodMoment
from labkit.experiments.orchestration.text import text
from labkit.image import LabImage
from tests.unit.fakes import FakeClock

IMAGE = cast(LabImage, SimpleNamespace(container_tag="labkit/lab:0123"))


def frame(*rows: Outcome | PodMoment) -> pd.DataFrame:
    return pd.DataFrame([row.model_dump() for row in rows])


def pod(name: str, *, ready: bool = True, node: bool = True, going: bool = False) -> dict[str, Any]:
    return {
        "metadata": {"name": name, **({"deletionTimestamp": "now"} if going else {})},
        "spec": {"nodeName": "one"} if node else {},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def test_the_figures_of_each_part_are_over_its_trials() -> None:
    recorded = frame(
        Outcome(trial=1, part="heal", pods=1, seconds=2),
        Outcome(trial=2, part="heal", pods=1, seconds=4),
        Outcome(trial=1, part="rollout patient", pods=3, seconds=9, sent=50, lost=0),
        Outcome(trial=2, part="rollout patient", pods=3, seconds=9, sent=70, lost=1),
    )
    heal, patient = notes.rows_of(stats.outcomes(recorded))
    assert (heal.n, heal.median_s, heal.few) == (2, 3, True) and pd.isna(heal.sent)
    assert (patient.pods, patient.sent, patient.lost) == (3, 120, 1)
    chart = charts.outcomes(stats.outcomes(recorded), badge="by hand")
    assert "1 of 120 requests lost" in chart.alt and chart.svg()
    said = text(cast(Any, SimpleNamespace(outcomes=recorded)))
    assert "120         1\n" in said and "rollout patient: all 3 pods replaced" in said


def test_pods_that_were_there_before_are_not_said_to_have_come_up() -> None:
    moments = [
        PodMoment(trial=1, part="scale", number=n, moment=moment, at_s=at)
        for n, moment, at in (
            (1, "added", -3),
            (1, "ready", -1),
            (2, "added", 0.1),
            (2, "ready", 2),
        )
    ]
    [row] = notes.rows_of(stats.coming_up(frame(*moments)))
    assert (row.number, row.added_s, row.ready_s) == (2, 0.1, 2) and pd.isna(row.scheduled_s)


def test_the_first_word_of_each_moment_counts() -> None:
    clock, seen = FakeClock(), dict[str, Any]()
    app = App("space", IMAGE, clock, None)
    for kind, said in (
        ("ADDED", pod("a", ready=False, node=False)),
        ("MODIFIED", pod("a", ready=False)),
        ("MODIFIED", pod("a")),
        ("MODIFIED", pod("a", going=True)),
        ("DELETED", pod("a", going=True)),
    ):
        clock.sleep(1)
        app._note(kind, said, seen)
    first = app.moments["a", "added"]
    assert {name: at - first for (_, name), at in app.moments.items()} == {
        "added": 0,
        "scheduled": 1,
        "ready": 2,
        "deleted": 4,
    }
    assert not seen and not is_ready(pod("a", going=True))


def test_only_a_patient_pod_serves_on() -> None:
    for patient in (True, False):
        wanted = manifest(IMAGE, version=1, patient=patient, replicas=3)
        [container] = wanted["spec"]["template"]["spec"]["containers"]
        assert ("lifecycle" in container) == patient


@pytest.mark.parametrize("wrong", [{"repeats": 0}, {"replicas": 1}, {"replicas": 101}])
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError):
        EXPERIMENT.plan(OrchestrationOptions(**wrong))
