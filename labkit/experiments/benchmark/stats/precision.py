"""How well the ratios of a run are known so far: what tells a run that it may stop."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from labkit.experiments.benchmark.stats.frames import yardstick
from labkit.experiments.benchmark.stats.startup import startup
from labkit.experiments.benchmark.stats.throughput import throughput


@dataclass(frozen=True)
class Widest:
    """The ratio to the yardstick that is known least well: `width` is that of its interval, as a
    part of the ratio; infinite where there is no interval yet. `what` is "startup" or the
    workload whose throughput it is."""

    backend: str
    what: str
    width: float


def widest(trials: pd.DataFrame, results: pd.DataFrame) -> Widest | None:
    """Among the ratios of the startup, and of the throughput of each workload that counts. None
    where nothing can be compared. A backend that failed is left out: it is not tried again, so
    that no further block would narrow its intervals."""
    ratios = pd.concat([_startup(trials), _throughput(results, trials)])
    failed = trials.loc[trials["status"] == "failed", "backend"]
    ratios = ratios[(ratios["backend"] != yardstick(trials)) & ~ratios["backend"].isin(failed)]
    widths = (ratios["high_ratio"] - ratios["low_ratio"]) / ratios["median_ratio"]
    rows = zip(ratios["backend"], ratios["what"], widths.fillna(float("inf")), strict=True)
    return max((Widest(*row) for row in rows), key=lambda one: one.width, default=None)


def _startup(trials: pd.DataFrame) -> pd.DataFrame:
    return startup(trials).assign(what="startup")


def _throughput(results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    speed = throughput(results, trials)
    return speed[speed["unit"] != ""].assign(what=speed["workload"])


def precision(trials: pd.DataFrame, results: pd.DataFrame) -> float:
    """The width of the widest interval of a ratio, as a part of that ratio; infinite where one is
    not known yet, or nothing can be compared."""
    interval = widest(trials, results)
    return float("inf") if interval is None else interval.width
