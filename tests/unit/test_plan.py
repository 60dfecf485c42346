from __future__ import annotations

import os
import re
from typing import Any

import pytest

from labkit import planning
from labkit.backends import vbox_installation
from labkit.errors import LabError, UsageError
from labkit.records import Plan
from labkit.workloads import ballast_mib


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"backends": ["nope"]}, "no backend 'nope'"),
        ({"backends": []}, "no backend is named"),
        ({"workloads": ["nope"]}, "no workload 'nope'"),
        ({"workloads": ["cpu", "cpu"]}, "named twice"),
        ({"repeats": 0}, "0 repeats"),
        ({"repeats": -1}, "-1 repeats"),
        ({"seconds": 0}, "last 0 s"),
        ({"seconds": -1}, "last -1 s"),
        ({"seconds": float("nan")}, "last nan s"),
        ({"warmups": -1}, "-1 warm-ups"),
        ({"until_precision": 0}, "0 is no precision"),
        ({"until_precision": 2}, "2 is no precision"),
        ({"budget_s": 60}, "a time budget alone"),
        ({"until_precision": 0.1, "budget_s": 0}, "0 s make no time budget"),
        ({"profile": "nope"}, "no profile 'nope'"),
    ],
)
def test_what_makes_no_sense_is_a_clear_error(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        planning.make_plan(**{"backends": ["host"], **wrong})
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("cpus", "memory", "says"),
    [
        ((os.cpu_count() or 1) + 1, 256, "more than this computer has"),
        (1, 2**40, "more memory than this computer has"),
        (0, 256, "make no instance"),
        (1, 1, "make no instance"),
    ],
)
def test_limits_that_the_host_has_not_got(cpus: int, memory: int, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        planning.limits(cpus, memory)


def test_the_profile_fills_what_is_not_said() -> None:
    plan = planning.make_plan(["host", "docker", "host"], repeats=7, seed=3)
    assert plan.backends == ("host", "docker")
    assert (plan.trials, plan.seed) == ({"host": 7, "docker": 7}, 3)
    assert plan.workloads == planning.PROFILES["quick"].workloads


def test_a_slow_backend_has_fewer_trials_and_no_warm_up() -> None:
    plan = planning.make_plan(["host", "virtualbox"])
    assert plan.trials["virtualbox"] < plan.trials["host"]
    assert plan.warmups == {"host": 1}
    assert planning.make_plan(["virtualbox"], warmups=2).warmups == {"virtualbox": 2}
    assert planning.make_plan(["host"], warmups=0).warmups == {}


@pytest.mark.parametrize("workload", ["ballast:mib=256", "ballast"])
@pytest.mark.parametrize("name", ["virtualbox", "virtualbox-resumed"])
def test_a_ballast_takes_long_where_each_page_is_interpreted(
    name: str, workload: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(refusal: str | None, workload: str) -> Plan:
        monkeypatch.setattr(vbox_installation, "driver_refusal", lambda: refusal)
        return planning.make_plan([name], [workload], seconds=100, profile="full")

    assert plan("no driver", "idle").trials == plan(None, workload).trials
    assert plan("no driver", workload).trials[name] < plan(None, workload).trials[name]
    longer = plan("no driver", workload).model_copy(update={"trials": {name: 3}})
    words = planning.describe(longer)
    monkeypatch.setattr(vbox_installation, "driver_refusal", lambda: None)
    assert _minutes(planning.describe(longer)) < _minutes(words)


def _minutes(words: str) -> int:
    found = re.search(r"about (\d+) min", words)
    assert found is not None, words
    return int(found[1])


def test_a_size_that_is_no_number_is_not_planned_with() -> None:
    assert [ballast_mib(text) for text in ("ballast:mib=96", "ballast", "cpu")] == [96, 64, 0]
    assert ballast_mib("ballast:mib=many") == 0


def test_the_plan_is_told_beforehand() -> None:
    plan = planning.make_plan(["host", "docker"], until_precision=0.1, budget_s=120)
    words = planning.describe(plan)
    assert "host 5, docker 5" in words and "2 warm-up starts" in words
    assert "known to 10%" in words and "at most 2 min" in words


def test_an_error_says_what_why_and_what_to_do() -> None:
    text = str(LabError("it broke", details="a cause", resolution="a command"))
    assert text == "it broke\n  why: a cause\n  what to do: a command"
