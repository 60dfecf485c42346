"""The whole selftest: null trials, the same backend twice, the sampler's cost; then the verdict."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from tqdm.auto import tqdm

from labkit import host
from labkit.backends import Backend, make_backend
from labkit.errors import BackendError, UsageError
from labkit.image import LabImage
from labkit.planning import available
from labkit.records import Plan, Selftest
from labkit.selftest import sampling, trials
from labkit.selftest.null import floor_figures, null_backends, null_figures, null_plan
from labkit.selftest.same import QUANTITIES, same_figures, same_plan, twice
from labkit.selftest.verdict import violations

REPEATS, MOST = 12, 1000
# Those that start quickly enough for two minutes; each twice, and what is null-tested besides.
TWICE, NULL = ("host", "docker"), ("host", "docker", "qemu")


def selftest(
    backends: Sequence[str] | None = None,
    *,
    repeats: int = REPEATS,
    seed: int | None = None,
    progress: bool = True,
) -> Selftest:
    """Tests the lab with these backends; without, with those of `TWICE` and `NULL` that can run.

    Raises UsageError for what makes no sense and BackendError when a backend cannot run or fails.
    """
    if not 2 <= repeats <= MOST:
        raise UsageError(
            f"{repeats} repeats make no selftest",
            details="there is no interval of one value",
            resolution=f"use 2 to {MOST}; 12 if in doubt",
        )
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    null = _chosen(backends, NULL)
    if not null:
        raise BackendError(
            f"none of {', '.join(NULL)} can run here",
            resolution="labkit doctor tells why, or name another: labkit selftest --backends …",
        )
    # Where neither of the usual ones is there, what is there is measured twice.
    both = _chosen(backends, TWICE) or dict(null)
    with trials.prepared({**null, **both}, progress=progress) as built:
        return _Parts(both, null, repeats, seed).perform(built, progress)


def _chosen(named: Sequence[str] | None, usual: Sequence[str]) -> dict[str, Backend]:
    """Name → backend."""
    if named is None:
        here = available()
        named = [name for name in usual if name in here]
    return {name: make_backend(name) for name in dict.fromkeys(named)}


class _Parts:
    """What will be done, and the bar that shows how far it is."""

    def __init__(
        self, both: dict[str, Backend], null: dict[str, Backend], repeats: int, seed: int
    ) -> None:
        self._both, self._null = both, null
        self._repeats, self._seed = repeats, seed

    def perform(self, built: LabImage, progress: bool) -> Selftest:
        null, both = null_backends(self._null), twice(self._both, make_backend)
        null_trials = null_plan(null, self._repeats, self._seed)
        same_trials = same_plan(both, self._repeats, self._seed)
        total = _count(null_trials) + _count(same_trials)
        total += len(self._null) * sampling.PAIRS + len(self._both) * len(QUANTITIES)
        with closing(tqdm(total=total, unit="step", disable=not progress)) as bar:
            tick = _ticker(bar)
            nulls = trials.observe(null_trials, null, built, tick)
            same = trials.observe(same_trials, both, built, tick)
            costs = [sampling.sampler_cost(b, built, tick=tick) for b in self._null.values()]
            figures = {
                "floor": floor_figures(nulls),
                "null_trials": null_figures(nulls, null_trials),
                "same_twice": same_figures(same, list(self._both), self._seed, tick),
                "sampler": tuple(costs),
            }
        return self._record(figures)

    def _record(self, figures: dict[str, Any]) -> Selftest:
        return Selftest(
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            labkit_version=version("labkit"),
            host=host.inspect(),
            seed=self._seed,
            violations=violations(**figures),
            **figures,
        )


def _count(plan: Plan) -> int:
    return sum(plan.trials.values()) + sum(plan.warmups.values())


def _ticker(bar: Any) -> Any:
    def tick(what: str) -> None:
        bar.set_description(f"{what:<24}")
        bar.update()

    return tick
