"""A bounded load: so many clients, each of which asks again as soon as it has its answer.

Such a load is closed: a slower server is asked less often, so its latencies do not contain the
waiting that an open stream of visitors would add (Schroeder, Wierman, Harchol-Balter, "Open
versus closed: a cautionary tale", NSDI 2006). The clients are threads of this Python: what they
spend themselves is part of each latency, and noted.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labkit.system.clock import Clock

MOST_REQUESTS = 2000


@dataclass(frozen=True)
class Load:
    """What the clients saw together."""

    connections: int
    seconds: float
    latencies: tuple[float, ...]
    errors: int
    client_cpu_s: float


def closed_loop(
    ask: Callable[[], bool],
    clock: Clock,
    *,
    connections: int,
    seconds: float,
    most: int = MOST_REQUESTS,
) -> Load:
    """`ask` tells whether its request was answered. Ends after `seconds` or `most` requests;
    what is on its way then is waited for, and counts."""
    numbers = itertools.count(1)  # in CPython, next() of a count is one step: no lock is needed
    begin = clock.now()
    clients = [_Client(ask, clock, numbers, begin + seconds, most) for _ in range(connections)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return Load(
        connections,
        clock.now() - begin,
        tuple(latency for client in clients for latency in client.latencies),
        sum(client.errors for client in clients),
        sum(client.cpu_s for client in clients),
    )


def percentile(latencies: Sequence[float], part: float) -> float | None:
    """The latency that this part of all requests did not exceed (nearest rank). None where fewer
    than one request lies beyond it: then it would be the slowest one, by another name."""
    if not latencies or len(latencies) * (1 - part) < 1 - 1e-9:
        return None
    return sorted(latencies)[math.ceil(part * len(latencies) - 1e-9) - 1]


class _Client(threading.Thread):
    def __init__(
        self,
        ask: Callable[[], bool],
        clock: Clock,
        numbers: itertools.count[int],
        deadline: float,
        most: int,
    ) -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self._clock = clock
        self._numbers = numbers
        self._deadline = deadline
        self._most = most
        self.latencies: list[float] = []
        self.errors = 0
        self.cpu_s = 0.0

    def run(self) -> None:
        while self._clock.now() < self._deadline and next(self._numbers) <= self._most:
            begin = self._clock.now()
            if self._ask():
                self.latencies.append(self._clock.now() - begin)
            else:
                self.errors += 1
        self.cpu_s = time.thread_time()
