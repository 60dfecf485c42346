"""What a selftest has found about the lab itself, and the lines of it at the foot of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from labkit import units
from labkit.record import Record
from labkit.system.host import Host

Quantity = Literal["startup", "cpu"]


class Estimate(Record):
    """A median with its 95 % interval, of n values."""

    n: int
    median: float | None = None
    low: float | None = None
    high: float | None = None


class Floor(Record):
    """The startup of a process that only announces itself: what the lab adds to any startup."""

    stream: Literal["pipe", "socket"]
    spawn_to_line_s: Estimate


class Overhead(Record):
    """Trials of one backend that start, get ready and stop. The lab's own costs in them."""

    backend: str
    startup_s: Estimate
    sampler_adds_s: Estimate
    lab_cpu_s: Estimate
    lab_cpu_share: Estimate


class Resampling(Record):
    """Resamples of `blocks` blocks: how many of their intervals said that there is a difference,
    and how many of them may, by the binomial distribution."""

    blocks: int
    resamples: int
    alarms: int
    least: int
    most: int


class AATest(Record):
    """One backend under two names. false_alarms: where no difference is, by construction;
    found: where one of `effect` was put in."""

    backend: str
    quantity: Quantity
    ratio: Estimate
    sign_test_p: float
    false_alarms: tuple[Resampling, ...]
    effect: float
    found: Resampling


class SamplerCost(Record):
    """What sampling takes from the host, and from the workload `cpu`."""

    backend: str
    cpu_share: Estimate
    throughput_ratio: Estimate


class Selftest(Record):
    """The last selftest on the same computer: how far the lab itself is in its figures."""

    created_at: str
    labkit_version: str
    host: Host
    seed: int
    floor: tuple[Floor, ...]
    overhead: tuple[Overhead, ...]
    a_a: tuple[AATest, ...]
    sampler: tuple[SamplerCost, ...]
    # What is out of its bounds, in words; nothing where all is well.
    violations: tuple[str, ...]


NONE_YET = "no selftest on this computer yet: labkit selftest"


def footer_lines(selftest: Selftest | None) -> tuple[str, ...]:
    """For the foot of a report: two lines, or that there is none."""
    if selftest is None:
        return (NONE_YET,)
    return _costs_line(selftest), _errors_line(selftest)


def _costs_line(selftest: Selftest) -> str:
    floors = [f"{_text(f.spawn_to_line_s, units.time)} ({f.stream})" for f in selftest.floor]
    added = [
        f"{cost.backend} {_text(cost.sampler_adds_s, units.milliseconds)}"
        for cost in selftest.overhead
        if not cost.backend.startswith("floor")
    ]
    shares = [f"{c.backend} {_text(c.cpu_share, units.percent)}" for c in selftest.sampler]
    date = selftest.created_at[:16].replace("T", " ")
    return (
        f"Selftest of {date} UTC. Floor of any startup: {_list(floors)}. Sampling adds to a "
        f"startup: {_list(added)}; it takes of one CPU: {_list(shares)}."
    )


def _errors_line(selftest: Selftest) -> str:
    ratios = [
        f"{test.backend} {test.quantity} {_text(test.ratio, units.ratio)}" for test in selftest.a_a
    ]
    rates = [f"{alarms} of {of} at n = {n}" for n, (alarms, of) in together(selftest).items()]
    verdict = "out of bounds: " + "; ".join(selftest.violations) if selftest.violations else ""
    return (
        f"A/A test, each backend with itself: {_list(ratios)}. Resamples without a difference in "
        f"which the 95 % interval excludes 1: {_list(rates)}. "
        f"{verdict or 'All is within its bounds'}."
    )


def together(selftest: Selftest) -> dict[int, tuple[int, int]]:
    """Blocks → (alarms, resamples) of all comparisons."""
    every: list[Resampling] = [r for test in selftest.a_a for r in test.false_alarms]
    return {
        blocks: (
            sum(r.alarms for r in every if r.blocks == blocks),
            sum(r.resamples for r in every if r.blocks == blocks),
        )
        for blocks in dict.fromkeys(r.blocks for r in every)
    }


def _text(value: Estimate, scale: units.Scale) -> str:
    return units.with_interval(value.median, value.low, value.high, scale)


def _list(parts: Sequence[str]) -> str:
    return ", ".join(parts) or "not tested"
