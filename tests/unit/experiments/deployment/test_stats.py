"""What each model leaves to its user, and what the methods of deployment asked for."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest

from labkit.errors import UsageError
from labkit.experiments.deployment import charts, stats
from labkit.experiments.deployment.records import DeploymentStep
from labkit.experiments.deployment.responsibilities import PARTS, USER_MANAGES, who_manages


def steps(trials: int = 3) -> pd.DataFrame:
    """Made-up steps of two methods."""
    rows = [
        DeploymentStep(
            trial=trial,
            method=method,
            model=model,
            engine=engine,
            step=number,
            title="write the app" if number == 1 else "start it",
            files=1,
            lines=10 * number,
            bytes=factor * number,
            seconds=factor * 0.1 * number + 0.01 * trial,
        )
        for trial in range(1, trials + 1)
        for method, model, engine, factor in (
            ("virtual machine", "IaaS", "tcg", 100),
            ("code alone", "PaaS", "native", 1),
        )
        for number in (1, 2)
    ]
    return pd.DataFrame([row.model_dump() for row in rows])


def test_each_model_leaves_less_than_the_one_before_and_nothing_in_between() -> None:
    managed = list(USER_MANAGES.values())
    for more, less in pairwise(managed):
        assert set(less) < set(more)
    for found in managed:
        assert found == PARTS[: len(found)]


def test_the_table_has_a_row_for_each_part_and_model() -> None:
    table = who_manages()
    assert len(table) == len(PARTS) * len(USER_MANAGES)
    users = table[table["managed_by"] == "user"]
    assert users.groupby("model")["part"].apply(tuple).to_dict() == {
        model: found for model, found in USER_MANAGES.items() if found
    }


def test_what_is_supplied_is_counted_once_and_time_is_a_median_of_trials() -> None:
    table = stats.deployments(steps()).set_index("method")
    assert list(table.index) == ["virtual machine", "code alone"]
    machine = table.loc["virtual machine"]
    assert (machine["steps"], machine["lines"], machine["bytes"]) == (2, 30, 300)
    assert (machine["app_lines"], machine["n"], machine["few"]) == (10, 3, True)
    assert machine["median_s"] == pytest.approx(30.04)
    assert machine["low_s"] <= machine["median_s"] <= machine["high_s"]


def test_the_chart_names_engine_figures_and_definition() -> None:
    chart = charts.deployments(stats.deployments(steps()), badge="made up")
    words = " ".join(text.get_text() for text in chart.figure.texts)
    assert "10 of them the app itself" in words.replace("\n", " ")
    assert "virtual machine (tcg): steps 2, lines to write 30, bytes to supply 300 B" in chart.alt
    assert chart.svg() == charts.deployments(stats.deployments(steps()), badge="made up").svg()


def test_the_chart_of_who_manages_says_in_words_what_it_shows() -> None:
    chart = charts.responsibilities(who_manages())
    assert "PaaS: application, data; SaaS: nothing" in chart.alt
    cells = [text.get_text() for text in chart.figure.axes[0].texts]
    assert cells.count("user") == sum(map(len, USER_MANAGES.values()))
    assert list(chart.table["part"]) == list(PARTS)
    beside = set(USER_MANAGES["IaaS"]) - set(USER_MANAGES["containers"])
    assert beside == {"kernel"}, "what is in an image is its user's"


def test_no_steps_make_no_chart() -> None:
    with pytest.raises(UsageError, match="nothing to draw"):
        charts.deployments(stats.deployments(steps(1).iloc[:0]))
