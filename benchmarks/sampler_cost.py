"""What sampling costs: its share of a CPU, and what the workload loses by it.

The computation is the selftest's (`sampling`, `stats.sampler`), here with as many pairs and seconds
as one likes, and for any backend.
"""

from __future__ import annotations

import argparse

from labkit import units
from labkit.backends.table import make_backend
from labkit.experiments.selftest.records import SamplingPair
from labkit.experiments.selftest.sampling import sampled_and_not
from labkit.experiments.selftest.stats.overhead import sampler_cost
from labkit.measure import session
from labkit.recordings import tables
from labkit.recordings.selftest import Estimate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backends", default="host,docker,qemu")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    for name in options.backends.split(","):
        backend = make_backend(name)
        missing = backend.missing()
        if missing is not None:
            print(f"{name}: {missing.reason}")
            continue
        with session.opened([name]) as opened:
            backend, chosen = opened.backends[name], (options.pairs, options.seconds)
            rows = sampled_and_not(name, backend, opened, pairs=chosen[0], seconds=chosen[1])
            cost = sampler_cost(name, tables.frame(list(rows), SamplingPair))
        print(
            f"{name}: throughput with sampler / without: {text(cost.throughput_ratio, 1, '×')}; "
            f"sampling takes {text(cost.cpu_share, 0.01, ' %')} of one CPU; "
            f"n = {cost.cpu_share.n} pairs"
        )


def text(value: Estimate, divisor: float, unit: str) -> str:
    return units.with_interval(value.median, value.low, value.high, lambda _: (divisor, unit))


if __name__ == "__main__":
    main()
