"""What sampling costs: pairs of the same instance's work, with and without the sampler.

In alternating order. The CPU time is that of this process (which otherwise only waits for a line)
during the sampled one, and the time is what that took, calibration included. Only the periodic
readings are in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from labkit.backends.base import Backend
from labkit.backends.instance import Instance, Meter
from labkit.backends.timeline import Timeline
from labkit.experiments.selftest.plan import PAIRS, WORKLOAD
from labkit.experiments.selftest.records import SamplingPair
from labkit.experiments.selftest.trials import CpuClock
from labkit.guest.protocol import Request
from labkit.measure.sampler import Sampler
from labkit.measure.session import Session
from labkit.recordings.facts import Limits
from labkit.system.clock import Clock

SECONDS = 0.5


def sampled_and_not(
    name: str,
    backend: Backend,
    session: Session,
    *,
    pairs: int = PAIRS,
    seconds: float = SECONDS,
    cpu_clock: CpuClock = time.process_time,
) -> Iterator[SamplingPair]:
    """So many pairs of one instance of a backend."""
    request = Request(WORKLOAD, seconds)
    with backend.launch(session.image, Limits(), Timeline(session.clock)) as instance:
        instance.wait_ready(session.ready_timeout)
        meters = (*backend.services(), *instance.meters())
        for pair in range(1, pairs + 1):
            session.say(f"sampler: {name:<15}")
            rates: dict[bool, float] = {}
            spent = took = 0.0
            order = (True, False) if pair % 2 == 0 else (False, True)
            for sampled in order:
                began = (cpu_clock(), session.clock.now())
                read = meters if sampled else ()
                rates[sampled] = _rate(instance, request, session.clock, read)
                if sampled:
                    spent, took = cpu_clock() - began[0], session.clock.now() - began[1]
            yield SamplingPair(
                backend=name,
                pair=pair,
                sampled_first=order[0],
                sampled_ops_per_s=rates[True],
                unsampled_ops_per_s=rates[False],
                lab_cpu_s=spent,
                sampled_s=took,
            )
        instance.stop()


def _rate(instance: Instance, request: Request, clock: Clock, meters: tuple[Meter, ...]) -> float:
    """Operations a second while these meters are read."""
    sampler = Sampler(clock)
    sampler.add(meters)
    with sampler:
        answer = instance.run(request)
    return (answer.operations or 0) / (answer.end - answer.begin)
