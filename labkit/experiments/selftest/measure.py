"""The parts of a selftest: overhead trials, the A/A test, the sampler's cost."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.experiments.base import Batches
from labkit.experiments.selftest.plan import with_floors
from labkit.experiments.selftest.records import (
    Part,
    SamplingPair,
    SelftestPlan,
    SelftestTrial,
)
from labkit.experiments.selftest.sampling import sampled_and_not
from labkit.experiments.selftest.trials import observe
from labkit.measure.plan import Plan
from labkit.measure.session import Session
from labkit.recordings.kind import Rows


def measure(plan: SelftestPlan, session: Session) -> Batches:
    """A batch a trial, and one for each backend whose sampling is measured."""
    yield from _trials("overhead", plan.overhead, session)
    yield from _trials("a_a", plan.a_a, session)
    before = session.before.get("sampling", ())
    done = {row.backend for row in before if isinstance(row, SamplingPair)}
    for name in plan.sampling:
        if name not in done:
            pairs = sampled_and_not(name, session.backends[name], session, pairs=plan.pairs)
            yield {"sampling": list(pairs)}
    return "plan"


def _trials(part: Part, plan: Plan, session: Session) -> Iterator[Rows]:
    before = session.before.get("trials", ())
    done = {row.trial for row in before if isinstance(row, SelftestTrial) and row.part == part}
    if len(done) == sum(plan.trials.values()):
        return
    for observed in observe(plan, with_floors(session.backends), session, done=done):
        yield {"trials": [observed.row(part)]}
