from __future__ import annotations

import os
from typing import Any

import pytest

from labkit import planning
from labkit.errors import LabError, UsageError


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


def test_the_plan_is_told_beforehand() -> None:
    plan = planning.make_plan(["host", "docker"], until_precision=0.1, budget_s=120)
    words = planning.describe(plan)
    assert "host 5, docker 5" in words and "2 warm-up starts" in words
    assert "known to 10%" in words and "at most 2 min" in words


def test_an_error_says_what_why_and_what_to_do() -> None:
    text = str(LabError("it broke", details="a cause", resolution="a command"))
    assert text == "it broke\n  why: a cause\n  what to do: a command"
