"""The same backend twice, under two names, in one interleaved run of real trials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from labkit.backends import Backend
from labkit.records import Plan, SameTwice
from labkit.selftest import replays
from labkit.selftest.estimates import estimate
from labkit.selftest.trials import Observed

AGAIN = "-again"
WORKLOAD, SECONDS = "cpu", 0.2
# The rate of false alarms is shown for the numbers of blocks that runs have, and judged at the
# last one, where the interval of a median comes near to what it says: of 1,500 to 2,000 replays
# of 12 or 20 blocks of simulated noise it was wrong in 9.5 % at n = 5, 6.5 % at 10, 5.4 % at 40.
BLOCKS = (5, 10, 40)
EFFECT, EFFECT_BLOCKS = 1.1, 10
Quantities = Mapping[str, Callable[[Observed], float | None]]


def _rate(trial: Observed) -> float | None:
    return next((result.ops_per_s for result in trial.records.results), None)


QUANTITIES: Quantities = {"startup": lambda trial: trial.records.trial.startup_s, "cpu": _rate}


def twice(chosen: Mapping[str, Backend], make: Callable[[str], Backend]) -> dict[str, Backend]:
    """Each backend, and a second one of the same kind with another name."""
    found = dict(chosen)
    for name in chosen:
        twin = make(name)
        twin.name = name + AGAIN
        found[twin.name] = twin
    return found


def same_plan(backends: Mapping[str, Backend], repeats: int, seed: int) -> Plan:
    """Blocks of all of them, with a short piece of work, after one warm-up each."""
    return Plan(
        backends=tuple(backends),
        workloads=(WORKLOAD,),
        trials=dict.fromkeys(backends, repeats),
        warmups=dict.fromkeys(backends, 1),
        seconds=SECONDS,
        seed=seed,
        profile="selftest",
    )


def same_figures(
    trials: Sequence[Observed],
    names: Sequence[str],
    seed: int,
    tick: Callable[[str], None] = lambda what: None,
) -> tuple[SameTwice, ...]:
    """One figure a backend and quantity; `tick` is called after each."""
    return tuple(_figures(trials, names, seed, tick))


def _figures(
    trials: Sequence[Observed], names: Sequence[str], seed: int, tick: Callable[[str], None]
) -> Iterator[SameTwice]:
    tests = len(names) * len(QUANTITIES)
    for place, name in enumerate(names):
        for number, (quantity, value) in enumerate(QUANTITIES.items()):
            ratios = paired_ratios(trials, name, value)
            draws = (seed, place, number)
            yield SameTwice(
                backend=name,
                quantity=quantity,
                ratio=estimate(ratios),
                sign_test_p=replays.sign_test(ratios),
                false_alarms=tuple(
                    replays.false_alarms(ratios, blocks, seed=draws, tests=tests)
                    for blocks in BLOCKS
                ),
                effect=EFFECT,
                found=replays.found(ratios, EFFECT_BLOCKS, EFFECT, seed=draws),
            )
            tick(f"replays: {name}")


def paired_ratios(
    trials: Sequence[Observed], name: str, value: Callable[[Observed], float | None]
) -> list[float]:
    """The second name's value relative to the first's, for each block that has both."""
    first, second = (_by_block(trials, n, value) for n in (name, name + AGAIN))
    return [second[block] / first[block] for block in sorted(first.keys() & second.keys())]


def _by_block(
    trials: Sequence[Observed], name: str, value: Callable[[Observed], float | None]
) -> dict[int, float]:
    mine = [trial for trial in trials if trial.records.trial.backend == name]
    found = {trial.records.trial.block: value(trial) for trial in mine}
    return {block: known for block, known in found.items() if known}
