"""A made-up selftest, and what its parts are when all is well."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from labkit import host
from labkit.records import (
    Estimate,
    Floor,
    NullTrials,
    Replays,
    SameTwice,
    SamplerCost,
    Selftest,
)


def near(median: float) -> Estimate:
    return Estimate(n=16, median=median, low=median * 0.95, high=median * 1.05)


def replays(blocks: int, alarms: int) -> Replays:
    return Replays(blocks=blocks, replays=100, alarms=alarms, least=0, most=11)


def floor(**more: Any) -> Floor:
    return Floor(**{"stream": "pipe", "spawn_to_line_s": near(0.004), **more})


def null(**more: Any) -> NullTrials:
    parts = {
        "backend": "docker",
        "startup_s": near(0.35),
        "sampler_adds_s": near(0.002),
        "lab_cpu_s": near(0.03),
        "lab_cpu_share": near(0.04),
    }
    return NullTrials(**{**parts, **more})


def same(**more: Any) -> SameTwice:
    parts = {
        "backend": "docker",
        "quantity": "startup",
        "ratio": near(1.0),
        "sign_test_p": 0.8,
        "false_alarms": (replays(5, 12), replays(40, 5)),
        "effect": 1.1,
        "found": replays(10, 90),
    }
    return SameTwice(**{**parts, **more})


def cost(**more: Any) -> SamplerCost:
    return SamplerCost(
        **{"backend": "docker", "cpu_share": near(0.02), "throughput_ratio": near(1), **more}
    )


def selftest(**more: Any) -> Selftest:
    parts = {
        "created_at": "2026-01-02T03:04:05+00:00",
        "labkit_version": version("labkit"),
        "host": host.inspect(),
        "seed": 1,
        "floor": (floor(),),
        "null_trials": (null(),),
        "same_twice": (same(),),
        "sampler": (cost(),),
        "violations": (),
    }
    return Selftest(**{**parts, **more})
