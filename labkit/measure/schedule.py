"""Plan → interleaved blocks.

A block is one trial of each backend in random order, so that what drifts on the computer (its
temperature, its caches, its neighbours) meets all backends alike. The order follows the seed.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

from labkit.measure.plan import Plan
from labkit.recordings.words import Stage


@dataclass(frozen=True)
class Step:
    """A place in the schedule: which backend, in which block. Warm-ups are block 0."""

    trial: int
    block: int
    backend: str

    @property
    def stage(self) -> Stage:
        return "measured" if self.block else "warmup"


def blocks(plan: Plan) -> Iterator[list[Step]]:
    """The warm-ups if there are any, then the blocks, and beyond the plan further ones without
    end. The same seed gives the same order, also to a run that is resumed."""
    first = 1
    for block, names in _rounds(plan):
        random.Random(f"{plan.seed} {first}").shuffle(names)  # noqa: S311  an order, not a secret
        yield [Step(first + i, block, name) for i, name in enumerate(names)]
        first += len(names)


def _rounds(plan: Plan) -> Iterator[tuple[int, list[str]]]:
    """(block, backends in the plan's order)."""
    for count in range(max(plan.warmups.values(), default=0)):
        yield 0, [name for name in plan.backends if plan.warmups.get(name, 0) > count]
    planned = max(plan.trials.values())
    for block in itertools.count(1):
        beyond = block > planned
        yield block, [name for name in plan.backends if beyond or plan.trials[name] >= block]


def schedule(plan: Plan) -> list[Step]:
    """All planned trials in their order."""
    planned = max(plan.trials.values())
    rounds = itertools.takewhile(lambda steps: steps[0].block <= planned, blocks(plan))
    return [step for steps in rounds for step in steps]
