"""Which charts a run has: a report is always made, whatever could not be read."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.figures import charts
from tests.unit.charts.made_up import make_run, served


def test_a_run_of_which_no_meter_was_read_has_the_others() -> None:
    run = make_run(("docker",), n=2)
    samples = run.samples.copy()
    figures = [str(name) for name in samples if str(name).endswith(("_bytes", "_s"))]
    samples[[name for name in figures if name != "at_s"]] = float("nan")
    run.samples = samples
    assert "startup" in charts(run, "made up")


def test_a_backend_that_does_not_serve_is_in_no_chart_of_those_that_do() -> None:
    run = served(make_run(("host", "docker"), n=2))
    silent = (run.milestones["backend"] == "docker") & (
        run.milestones["milestone"] == "first_response"
    )
    run.milestones = run.milestones[~silent]
    drawn = charts(run, "made up")
    assert {"startup", "first_response"} <= set(drawn)
    assert "docker" not in drawn["first_response"].alt


def test_an_empty_run_has_none() -> None:
    run = make_run(("docker",), n=1, failed=(0,))
    assert isinstance(charts(run, "made up"), dict) and isinstance(run.trials, pd.DataFrame)
