"""What sampling costs: its share of a CPU, and what the workload loses by it.

Pairs of the same instance's workload, with and without the sampler, in alternating order; the
ratio of each pair is printed with the median.
"""

from __future__ import annotations

import argparse
import statistics
import time

from labkit import image
from labkit.backends import Backend, make_backend
from labkit.image import LabImage
from labkit.process import HostClock
from labkit.protocol import Request
from labkit.records import Limits
from labkit.sampler import Sampler
from labkit.timeline import Timeline


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backends", default="host,docker,qemu")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    built = image.build()
    for name in options.backends.split(","):
        backend = make_backend(name)
        missing = backend.missing()
        if missing is not None:
            print(f"{name}: {missing.reason}")
            continue
        backend.prepare(built)
        ratios, shares = compare(backend, built, options.pairs, options.seconds)
        print(
            f"{name}: throughput with sampler / without: {statistics.median(ratios):.3f} "
            f"({min(ratios):.3f} to {max(ratios):.3f}, n = {len(ratios)}); "
            f"sampling takes {statistics.median(shares):.3f} of one CPU"
        )


def compare(
    backend: Backend, built: LabImage, pairs: int, seconds: float
) -> tuple[list[float], list[float]]:
    """Throughput ratios (with / without) and the sampler's CPU seconds for each second."""
    request = Request("cpu", seconds)
    timeline = Timeline(HostClock())
    ratios, shares = [], []
    with backend.launch(built, Limits(), timeline) as instance:
        instance.wait_ready()
        for pair in range(pairs):
            rates = {}
            for sampled in (True, False) if pair % 2 else (False, True):
                sampler = Sampler(HostClock())
                sampler.add((*backend.services(), *instance.meters()) if sampled else ())
                spent = time.process_time()
                with sampler:
                    answer = instance.run(request)
                if sampled:
                    shares.append((time.process_time() - spent) / seconds)
                rates[sampled] = (answer.operations or 0) / (answer.end - answer.begin)
            ratios.append(rates[True] / rates[False])
        instance.stop()
    return ratios, shares


if __name__ == "__main__":
    main()
