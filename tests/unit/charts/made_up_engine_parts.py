"""A run of the parts of a container engine with invented numbers: for tests only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from labkit.measure.records import Sample, Trial
from labkit.record import Record
from tests.unit.charts.made_up import MANIFEST, MIB, MadeUpRun, of_records


def layered_run(
    steps_ms: Mapping[str, float], n: int, failed: tuple[str, int] | None = None
) -> MadeUpRun:
    """n blocks in which each backend takes what the ones before it take and its step more, and
    each block a time of its own that is long against the steps. `failed`: (backend, block)."""
    rng = np.random.default_rng(11)
    records: list[Record] = []
    number = 0
    for block in range(1, n + 1):
        depth = rng.uniform(0.0, 0.4)
        for place, (name, step) in enumerate(steps_ms.items()):
            depth += step / 1000 + rng.normal(0, 0.0005)
            number += 1
            bad = failed == (name, block)
            records.append(_layer_trial(number, block, name, depth, bad))
            sizes = {"instance": 2.0 + place, "helper": 10.0} if place > 3 else {"instance": 2.0}
            for role, mib in {} if bad else sizes.items():
                for moment, at in (("ready", depth), ("stop_requested", depth + 1)):
                    cpu = depth / 2 if role == "instance" else 0.01
                    records.append(_layer_sample(number, name, role, moment, at, cpu, mib))
    return of_records(MANIFEST, records)


def _layer_trial(number: int, block: int, name: str, startup: float, bad: bool) -> Trial:
    return Trial.model_validate(
        {
            "trial": number,
            "block": block,
            "stage": "measured",
            "backend": name,
            "family": "baseline" if name == "host" else "container",
            "engine": "native",
            "start": "cold",
            "status": "failed" if bad else "ok",
            "requested_at": "2026-11-23T10:00:00+00:00",
            "startup_s": None if bad else startup,
            "load_1m": 0.2,
            "memory_available_bytes": 6 * 1024 * MIB,
            "cpu_mhz": None,
            "steal_share": None,
            "error": "it broke" if bad else None,
        }
    )


def _layer_sample(
    number: int, name: str, role: str, moment: str, at: float, cpu: float, mib: float
) -> Sample:
    return Sample.model_validate(
        {
            "trial": number,
            "backend": name,
            "meter": role,
            "role": role,
            "at_s": at,
            "moment": moment,
            "processes": 1,
            "cpu_s": cpu,
            "rss_bytes": int(mib * MIB),
            "pss_bytes": int(mib * MIB),
            "uss_bytes": int(mib * MIB),
            "cgroup_bytes": None,
        }
    )
