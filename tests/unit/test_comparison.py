"""The comparison table as text: its width, and what a run says of its own end."""

from __future__ import annotations

import pytest

from labkit.experiments.benchmark import text
from labkit.recordings.manifest import Ending
from tests.unit.charts.made_up import KINDS, MadeUpRun, make_run


def test_all_backends_fit_a_terminal_with_engine_ratio_and_interval() -> None:
    lines = text.table_text(make_run(tuple(KINDS), n=4)).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].split("  ")[0] == "backend"
    for name, (_, engine, *_) in KINDS.items():
        (place,) = [n for n, line in enumerate(lines) if line.split(" ")[0] == name][:1]
        assert lines[place + 1].startswith(f"({engine})")
    docker = next(line for line in lines if line.startswith("docker"))
    assert len([cell for cell in docker.split() if cell.endswith("×")]) == 3, "of one workload"


def ended(reason: str | None, **plan: float) -> MadeUpRun:
    run = make_run(("host", "docker"), n=6)
    chosen = run.manifest.plan.model_copy(update=plan)
    run.manifest = run.manifest.model_copy(update={"plan": chosen})
    run.ending = None
    if reason:
        fields = {
            "ended_at": "2026-11-23T10:05:00+00:00",
            "reason": reason,
            "batches": 12,
            "digests": {},
        }
        run.ending = Ending.model_validate(fields)
    return run


def test_a_run_that_went_as_planned_says_nothing_of_its_end() -> None:
    assert text.ending(ended("plan")) == ""


@pytest.mark.parametrize(
    ("reason", "begins", "ends"),
    [
        ("precision", "Ended after 6 blocks: precision reached; the widest interval is ", "10 %."),
        (
            "time budget",
            "Ended after 6 blocks: time budget of 60 s spent; the widest interval is still ",
            "--time-budget.",
        ),
        ("failures", "This run ended early: every backend has failed.", "."),
        (None, "This run was broken off, or goes on: 12 of 12 trials", "--resume made-up"),
    ],
)
def test_how_a_run_ended_is_told(reason: str | None, begins: str, ends: str) -> None:
    run = ended(reason, until_precision=0.1, budget_s=60.0)
    said = text.ending(run)
    assert said.startswith(begins) and said.endswith(ends)
    assert said in " ".join(text.table_text(run).split())


def test_the_widest_interval_is_named_at_the_end() -> None:
    run = ended("time budget", until_precision=0.01, budget_s=60.0)
    run.trials["startup_s"] = [1.0, 2.0, 1.0, 9.0] * 3
    said = text.ending(run)
    assert "% of its ratio (docker, startup); asked for: 1 %" in said


def test_without_any_ratio_that_is_what_the_end_says() -> None:
    run = ended("time budget", until_precision=0.1, budget_s=60.0)
    run.results = run.results.assign(ops=None, ops_per_s=None)
    run.trials["status"] = ["ok", "failed"] * 6
    assert "no ratio to the host has an interval yet" in text.ending(run)


def test_the_quality_issues_stand_below_the_table() -> None:
    run = make_run(("host", "docker"), n=6)
    run.trials["load_1m"] = 9.0
    lines = text.table_text(run).splitlines()
    below = lines[lines.index("Data quality:") + 1 :]
    assert below[0].startswith("- busy computer: up to 9.0 processes wanted 2 processors")
