"""Which faults are injected: the same count and seed give the same ones."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Kind → how many in the short form, and how many of each 200.
SHARES = {
    "killed-lab": (4, 66),
    "killed-instance": (1, 26),
    "hung-instance": (1, 18),
    "killed-daemon": (1, 14),
    "garbage": (2, 20),
    "full-disk": (1, 14),
    "set-clock": (1, 6),
    "damaged-file": (4, 30),
    "at-once": (1, 6),
    "killed-lab-virtualbox": (0, 2),  # a start takes most of a minute
}
SHORT = sum(short for short, _ in SHARES.values())


@dataclass(frozen=True)
class Fault:
    """One fault: what, to which backend, at which moment. All else comes from its seed."""

    number: int
    seed: int
    kind: str
    backend: str
    moment: str

    def __str__(self) -> str:
        words = [f"{self.number:03}", self.kind, self.backend, self.moment.replace(" ", "-")]
        return "-".join([*filter(None, words), f"seed{self.seed}"])

    def random(self) -> random.Random:
        """The fault's own dice."""
        return random.Random(f"{self.seed} {self.number} {self.kind}")


Combination = tuple[str, str]


def make(combinations: dict[str, Sequence[Combination]]) -> list[Fault]:
    """The faults that LABKIT_FAULTS and LABKIT_FAULT_SEED ask for; the short form without."""
    seed = int(os.environ.get("LABKIT_FAULT_SEED", "1"))
    found = [
        (kind, *combination)
        for kind, count in _counts().items()
        for combination in itertools.islice(_mixed(combinations[kind], f"{seed} {kind}"), count)
    ]
    return [Fault(number, seed, *words) for number, words in enumerate(found, 1)]


def _counts() -> dict[str, int]:
    wanted = os.environ.get("LABKIT_FAULTS")
    if wanted is None:
        return {kind: short for kind, (short, _) in SHARES.items()}
    # Rounded up: never fewer than were asked for.
    return {kind: -(-full * int(wanted) // 200) for kind, (_, full) in SHARES.items()}


def _mixed(combinations: Sequence[Combination], seed: str) -> Iterable[Combination]:
    """Backend after backend, the moments of each in seeded order, again and again: so that few
    faults meet all backends, and many meet each moment of each."""
    dice = random.Random(seed)
    backends = dict.fromkeys(backend for backend, _ in combinations)
    queues = []
    for name in backends:
        moments = [combination for combination in combinations if combination[0] == name]
        dice.shuffle(moments)
        queues.append(itertools.cycle(moments))
    return (next(queue) for queue in itertools.cycle(queues))
