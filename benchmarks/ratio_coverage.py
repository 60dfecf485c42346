"""How often the interval of paired ratios claims a difference where there is none.

A/A runs are made of recorded trials: of each backend of the recordings that come with the lab, how
far the logarithm of each startup is from the backend's median, in multiples of that backend's
median deviation. Pairs of these are drawn without replacement and divided by one another; a 95 %
interval should leave out 1 in 5 of 100 runs. For each number of pairs: the share of such false
alarms, and the median width, of the bootstrap of the median ratio (BCa) and of Wilcoxon's signed
ranks (labkit/stats/signed_ranks.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

import labkit
from labkit.experiments.benchmark.stats.frames import measured
from labkit.stats.bootstrap import LEVEL
from labkit.stats.median import bca_bounds
from labkit.stats.signed_ranks import interval_of_logs
from labkit.system.paths import reference_dir

SIGMA = 0.1  # of the logarithms, as one deviation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1500)
    parser.add_argument("--sizes", default="3,4,5,6,8,10,15,20")
    options = parser.parse_args()
    pool = residuals()
    print(f"{len(pool)} recorded startups; {options.runs} A/A runs for each n")
    for n in map(int, options.sizes.split(",")):
        rng = np.random.default_rng(n)
        runs = [rng.choice(pool, 2 * n, replace=False) * SIGMA for _ in range(options.runs)]
        logs = [run[:n] - run[n:] for run in runs]
        words = [f"{name} {describe(method, logs)}" for name, method in METHODS.items()]
        print(f"n = {n:2}: " + "; ".join(words), flush=True)


def residuals() -> np.ndarray:
    """Of all backends that have ten good starts in a recording."""
    found = []
    for folder in sorted(reference_dir().iterdir()):
        run = labkit.load(folder)
        if run.manifest.experiment != "benchmark":
            continue
        for _, rows in measured(run.trials).groupby("backend"):
            logs = np.log(rows["startup_s"].dropna().to_numpy())
            if len(logs) >= 10:
                off = logs - np.median(logs)
                found.append(off / np.median(np.abs(off)))
    return np.concatenate(found)


def describe(method: Callable[[np.ndarray], tuple[float, float]], runs: list[np.ndarray]) -> str:
    bounds = np.array([method(logs) for logs in runs])
    alarms = (bounds[:, 0] > 0) | (bounds[:, 1] < 0)
    return f"{alarms.mean():.1%} (width {np.median(bounds[:, 1] - bounds[:, 0]):.3f})"


def bootstrap(logs: np.ndarray) -> tuple[float, float]:
    low, high = bca_bounds(tuple(np.sort(logs).tolist()), LEVEL)
    return low, high


def signed_ranks(logs: np.ndarray) -> tuple[float, float]:
    _, low, high = interval_of_logs(logs)
    return low, high


METHODS = {"BCa": bootstrap, "signed ranks": signed_ranks}


if __name__ == "__main__":
    main()
