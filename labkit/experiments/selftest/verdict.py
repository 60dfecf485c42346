"""The bounds of a selftest: what is out of them, in words.

A bound on a cost is broken only where the whole interval lies beyond it, so that a noisy moment
does not fail a sound lab.
"""

from __future__ import annotations

from collections.abc import Iterator

from labkit.recordings.selftest import AATest, Floor, Overhead, SamplerCost

# No part of the lab may take more: of one CPU, of a workload's rate, of a startup.
SAMPLER_SHARE = 0.05
SLOWEST_RATIO = 0.95
STARTUP_SHARE, STARTUP_S = 0.05, 0.005
FLOOR_S = 0.05
# The same backend twice is never told apart by chance, once in a thousand selftests at most.
SIGN_TEST_P = 0.001


def violations(
    floor: tuple[Floor, ...],
    overhead: tuple[Overhead, ...],
    a_a: tuple[AATest, ...],
    sampler: tuple[SamplerCost, ...],
) -> tuple[str, ...]:
    """One sentence for each bound that is broken."""
    return (
        *_floor(floor),
        *(text for cost in overhead for text in _startup(cost)),
        *(text for test in a_a for text in _alarms(test)),
        *(text for test in a_a for text in _bias(test)),
        *(text for cost in sampler for text in _sampler(cost)),
    )


def _floor(floors: tuple[Floor, ...]) -> Iterator[str]:
    for floor in floors:
        low = floor.spawn_to_line_s.low
        if low is not None and low > FLOOR_S:
            yield (
                f"a process that only says a line takes {low * 1000:.0f} ms or more until it is "
                f"read ({floor.stream}); at most {FLOOR_S * 1000:.0f} ms are the lab's"
            )


def _startup(cost: Overhead) -> Iterator[str]:
    low, startup = cost.sampler_adds_s.low, cost.startup_s.median
    if low is not None and startup and low > max(STARTUP_S, STARTUP_SHARE * startup):
        yield (
            f"sampling makes the startup of {cost.backend} longer by {low * 1000:.1f} ms or more, "
            f"{low / startup:.0%} of it; at most {STARTUP_SHARE:.0%} are allowed"
        )


def _alarms(test: AATest) -> Iterator[str]:
    judged = test.false_alarms[-1]
    if not judged.least <= judged.alarms <= judged.most:
        yield (
            f"the interval of {test.backend}'s {test.quantity} ratio excludes 1 in "
            f"{judged.alarms} of {judged.resamples} resamples of {judged.blocks} blocks without "
            f"any difference; chance allows {judged.least} to {judged.most}"
        )


def _bias(test: AATest) -> Iterator[str]:
    if test.sign_test_p < SIGN_TEST_P:
        yield (
            f"{test.backend} measured twice in the same run differs from itself in its "
            f"{test.quantity} (ratio {test.ratio.median:.3f}, sign test p = {test.sign_test_p:.1g})"
        )


def _sampler(cost: SamplerCost) -> Iterator[str]:
    low, high = cost.cpu_share.low, cost.throughput_ratio.high
    if low is not None and low > SAMPLER_SHARE:
        yield (
            f"sampling {cost.backend} takes {low:.1%} of a CPU or more; at most "
            f"{SAMPLER_SHARE:.0%} are allowed"
        )
    if high is not None and high < SLOWEST_RATIO:
        yield (
            f"the workload in {cost.backend} does at most {high:.2f}× of its work while it is "
            f"sampled; at least {SLOWEST_RATIO:g}× is allowed"
        )
