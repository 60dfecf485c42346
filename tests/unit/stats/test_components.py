"""What each program of an engine takes."""

from __future__ import annotations

import math

from labkit.experiments.benchmark import stats
from tests.unit.charts.made_up import make_run
from tests.unit.stats.picking import pick


def test_a_service_costs_what_it_spent_since_the_request_and_what_is_new_all_of_it() -> None:
    run = make_run(("docker",), n=1)
    run.samples["cpu_s"] = run.samples["moment"].map({"requested": 7.0, "ready": 7.5})
    run.samples["pss_bytes"] = run.samples["moment"].map({"requested": 1.0, "ready": 3.0})
    table = stats.components(run.samples, run.trials)
    assert set(table["meter"]) == set(run.samples["meter"]) - {"host"}
    service, instance = (pick(table, role=role) for role in ("services", "instance"))
    assert service["median_host_cpu_s"] == 0.5
    assert instance["median_host_cpu_s"] == 7.5
    assert service["median_pss_bytes"] == instance["median_pss_bytes"] == 3.0
    assert table["few"].all() and (table["n"] == 1).all()


def test_what_was_not_read_or_went_back_is_unknown() -> None:
    run = make_run(("docker",), n=1)
    run.samples["cpu_s"] = run.samples["moment"].map({"requested": 8.0, "ready": 7.5})
    run.samples["pss_bytes"] = float("nan")
    service = pick(stats.components(run.samples, run.trials), role="services")
    assert math.isnan(service["median_host_cpu_s"]) and math.isnan(service["median_pss_bytes"])
    without = run.samples[run.samples["moment"] != "requested"]
    service = pick(stats.components(without, run.trials), role="services")
    assert math.isnan(service["median_host_cpu_s"])
