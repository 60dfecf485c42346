"""What sampling costs: its share of a CPU, and what the workload loses by it.

Pairs of the same instance's workload, with and without the sampler, in alternating order. The
share is the CPU time of this process (which otherwise only waits for a line) during the sampled
ones, divided by the time they took, calibration included. Only the periodic readings are in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from labkit.backends import Backend, Instance, Meter
from labkit.image import LabImage
from labkit.process import Clock, HostClock
from labkit.protocol import Request
from labkit.records import Limits, SamplerCost
from labkit.sampler import Sampler
from labkit.selftest.estimates import estimate
from labkit.selftest.trials import CpuClock
from labkit.timeline import Timeline

PAIRS, SECONDS = 5, 0.5


def sampler_cost(
    backend: Backend,
    built: LabImage,
    *,
    pairs: int = PAIRS,
    seconds: float = SECONDS,
    tick: Callable[[str], None] = lambda what: None,
    clock: Clock | None = None,
    cpu_clock: CpuClock = time.process_time,
) -> SamplerCost:
    """The cost for one instance of a backend; `tick` is called after each pair."""
    clock = clock or HostClock()
    request = Request("cpu", seconds)
    shares, ratios = [], []
    with backend.launch(built, Limits(), Timeline(clock)) as instance:
        instance.wait_ready()
        meters = (*backend.services(), *instance.meters())
        for pair in range(pairs):
            rates = {}
            for sampled in (True, False) if pair % 2 else (False, True):
                began, spent = clock.now(), cpu_clock()
                rates[sampled] = _rate(instance, request, clock, meters if sampled else ())
                if sampled:
                    shares.append((cpu_clock() - spent) / (clock.now() - began))
            if rates[False]:
                ratios.append(rates[True] / rates[False])
            tick(f"sampler: {backend.name}")
        instance.stop()
    return SamplerCost(
        backend=backend.name, cpu_share=estimate(shares), throughput_ratio=estimate(ratios)
    )


def _rate(instance: Instance, request: Request, clock: Clock, meters: tuple[Meter, ...]) -> float:
    """Operations a second while these meters are read."""
    sampler = Sampler(clock)
    sampler.add(meters)
    with sampler:
        answer = instance.run(request)
    return (answer.operations or 0) / (answer.end - answer.begin)
