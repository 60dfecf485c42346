"""A made-up selftest, and what its parts are when all is well."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from labkit.recordings.selftest import (
    AATest,
    Estimate,
    Floor,
    Overhead,
    Resampling,
    SamplerCost,
    Selftest,
)
from labkit.system import host
from labkit.system.paths import DISTRIBUTION


def near(median: float) -> Estimate:
    return Estimate(n=16, median=median, low=median * 0.95, high=median * 1.05)


def resampling(blocks: int, alarms: int) -> Resampling:
    return Resampling(blocks=blocks, resamples=100, alarms=alarms, least=0, most=11)


def floor(**more: Any) -> Floor:
    return Floor(**{"stream": "pipe", "spawn_to_line_s": near(0.004), **more})


def overhead(**more: Any) -> Overhead:
    parts = {
        "backend": "docker",
        "startup_s": near(0.35),
        "sampler_adds_s": near(0.002),
        "lab_cpu_s": near(0.03),
        "lab_cpu_share": near(0.04),
    }
    return Overhead(**{**parts, **more})


def a_a(**more: Any) -> AATest:
    parts = {
        "backend": "docker",
        "quantity": "startup",
        "ratio": near(1.0),
        "sign_test_p": 0.8,
        "false_alarms": (resampling(5, 12), resampling(40, 5)),
        "effect": 1.1,
        "found": resampling(10, 90),
    }
    return AATest(**{**parts, **more})


def cost(**more: Any) -> SamplerCost:
    return SamplerCost(
        **{"backend": "docker", "cpu_share": near(0.02), "throughput_ratio": near(1), **more}
    )


def selftest(**more: Any) -> Selftest:
    parts = {
        "created_at": "2026-01-02T03:04:05+00:00",
        "labkit_version": version(DISTRIBUTION),
        "host": host.inspect(),
        "seed": 1,
        "floor": (floor(),),
        "overhead": (overhead(),),
        "a_a": (a_a(),),
        "sampler": (cost(),),
        "violations": (),
    }
    return Selftest(**{**parts, **more})
