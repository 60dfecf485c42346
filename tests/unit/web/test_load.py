"""The bounded load: its bounds, its percentiles, what it does with errors."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.measure.web.load import closed_loop, percentile
from labkit.system.clock import HostClock


def test_it_ends_after_its_time_and_counts_each_request() -> None:
    def ask() -> bool:
        time.sleep(0.005)
        return True

    load = closed_loop(ask, HostClock(), connections=2, seconds=0.2)
    assert 0.2 <= load.seconds < 2
    assert 2 <= len(load.latencies) <= 2 * 0.2 / 0.005 + 2
    assert min(load.latencies) >= 0.005
    assert load.errors == 0


def test_it_never_asks_more_often_than_it_may() -> None:
    load = closed_loop(lambda: True, HostClock(), connections=4, seconds=30, most=50)
    assert len(load.latencies) == 50
    assert load.seconds < 10


def test_a_request_without_an_answer_is_an_error_and_no_latency() -> None:
    answers = iter([True, False] * 10)
    load = closed_loop(lambda: next(answers), HostClock(), connections=1, seconds=30, most=20)
    assert (len(load.latencies), load.errors) == (10, 10)


def test_so_many_clients_ask_at_once_as_there_shall_be() -> None:
    together = threading.Barrier(4, timeout=10)
    load = closed_loop(lambda: together.wait() >= 0, HostClock(), connections=4, seconds=30, most=4)
    assert len(load.latencies) == 4


def test_the_clients_own_time_is_noted() -> None:
    def ask() -> bool:
        return sum(range(20_000)) > 0

    load = closed_loop(ask, HostClock(), connections=1, seconds=30, most=100)
    assert 0 < load.client_cpu_s <= load.seconds * 1.1


@pytest.mark.parametrize(
    ("count", "part", "expected"),
    [
        *((0, 0.5, None), (1, 0.5, None), (2, 0.5, 1), (1000, 0.5, 500)),
        *((19, 0.95, None), (20, 0.95, 19)),
        *((99, 0.99, None), (100, 0.99, 99), (1000, 0.99, 990)),
    ],
)
def test_a_percentile_is_one_of_the_values_or_nothing(
    count: int, part: float, expected: float | None
) -> None:
    assert percentile([float(value + 1) for value in reversed(range(count))], part) == expected


@given(st.lists(st.floats(0, 100), min_size=2, max_size=300), st.sampled_from([0.5, 0.95, 0.99]))
def test_that_part_is_not_slower(values: list[float], part: float) -> None:
    found = percentile(values, part)
    if found is not None:
        assert sum(value <= found for value in values) >= part * len(values) - 1e-6
        assert sum(value < found for value in values) < part * len(values)
