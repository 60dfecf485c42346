"""Overhead trials: start, ready, stop, and no work. What of them is the lab's own?

Each backend is started with and without its meters, in one interleaved run of the lab's runner,
in seeded random order; both are in every block, so a difference is taken within a block. What a
trial holds is said in labkit/experiments/selftest/trials.py.

- `sampler_adds_s`: startup with meters minus startup without, in the same block: reading meters
  while the instance starts, and looking them up. Not in it: readings after `ready`.
- `lab_cpu_share` divides `lab_cpu_s` by the trial's wall time.
- the floor: from just before the spawn to the parsed line of the smallest possible process
  (`floor`), with meters. It holds Python's spawn, the kernel's fork, execve and
  scheduling, the way through the stream, and the parser. So much of each startup is no property of
  a backend; only a process that starts as the host's does has all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from labkit.experiments.selftest.floor import FLOORS
from labkit.recordings.selftest import Estimate, Floor, Overhead, SamplerCost
from labkit.stats.bootstrap import interval


def floors(trials: pd.DataFrame) -> tuple[Floor, ...]:
    """From the spawn of the smallest process to its parsed line."""
    by_stream = {floor.stream: _metered(trials, floor.name) for floor in FLOORS}
    return tuple(
        Floor(stream=stream, spawn_to_line_s=estimate(rows["created_to_ready_s"]))
        for stream, rows in by_stream.items()
        if len(rows)
    )


def overheads(trials: pd.DataFrame, names: Iterable[str]) -> tuple[Overhead, ...]:
    """The figures of each of these backends, floors too, that has trials."""
    return tuple(_overhead(trials, name) for name in names if len(_of(trials, name)))


def _overhead(trials: pd.DataFrame, name: str) -> Overhead:
    metered = _metered(trials, name)
    timed = metered[metered["wall_s"] > 0]
    return Overhead(
        backend=name,
        startup_s=estimate(metered["startup_s"]),
        sampler_adds_s=estimate(_added(trials, name)),
        lab_cpu_s=estimate(metered["lab_cpu_s"]),
        lab_cpu_share=estimate(timed["lab_cpu_s"] / timed["wall_s"]),
    )


def _added(trials: pd.DataFrame, name: str) -> pd.Series:
    """What meters add in each block that has both."""
    rows = _of(trials, name)
    startup = {
        metered: rows[rows["metered"] == metered].set_index("block")["startup_s"]
        for metered in (True, False)
    }
    return (startup[True] - startup[False]).dropna()


def _metered(trials: pd.DataFrame, name: str) -> pd.DataFrame:
    rows = _of(trials, name)
    return rows[rows["metered"].astype(bool)]


def _of(trials: pd.DataFrame, name: str) -> pd.DataFrame:
    return trials[(trials["part"] == "overhead") & (trials["backend"] == name)]


def sampler_costs(pairs: pd.DataFrame) -> tuple[SamplerCost, ...]:
    """The cost for one instance of each backend."""
    return tuple(
        sampler_cost(str(name), rows) for name, rows in pairs.groupby("backend", sort=False)
    )


def sampler_cost(name: str, pairs: pd.DataFrame) -> SamplerCost:
    worked = pairs[pairs["unsampled_ops_per_s"] > 0]
    ratios = worked["sampled_ops_per_s"] / worked["unsampled_ops_per_s"]
    return SamplerCost(
        backend=name,
        cpu_share=estimate(pairs["lab_cpu_s"] / pairs["sampled_s"]),
        throughput_ratio=estimate(ratios),
    )


def estimate(values: Iterable[Any]) -> Estimate:
    """The median and its 95 % BCa interval (labkit.stats.interval); NaN is left out."""
    known = [float(value) for value in values if value == value]
    median, low, high = interval(known)
    return Estimate(n=len(known), median=median, low=low, high=high)
