"""Each backend started so many times, in turns; of each start all that the quotients ask for."""

from __future__ import annotations

import random
from collections.abc import Iterator

from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, ConnectionEnded, GuestTimeout, LabError
from labkit.experiments.base import Batches
from labkit.experiments.mistakes.pairs import MISTAKES, side_of
from labkit.experiments.mistakes.records import Figure, MistakesPlan
from labkit.experiments.mistakes.ways import MEMORY_MIB, WAYS, Subject
from labkit.measure.session import Session
from labkit.recordings.facts import Limits

LIMITS = Limits(memory_mib=MEMORY_MIB)


def measure(plan: MistakesPlan, session: Session) -> Batches:
    """A batch a start; what is in `session.before` is not made again. A figure that cannot be had
    is left out, with the reason; a backend that cannot be started takes no further part."""
    rows = session.before.get("figures", ())
    done = {(row.repeat, row.backend) for row in rows if isinstance(row, Figure)}
    any_there, broken = bool(done), set[str]()
    for repeat, name in schedule(plan):
        if (repeat, name) in done or name in broken or name not in session.backends:
            continue
        session.say(f"{repeat}/{plan.repeats}: {name}")
        try:
            figures = list(_figures(plan, session, repeat, name))
        except LabError as error:
            session.leave_out(name, error)
            broken.add(name)
            continue
        any_there = any_there or bool(figures)
        yield {"figures": figures}
    return "plan" if any_there else "failures"


def schedule(plan: MistakesPlan) -> Iterator[tuple[int, str]]:
    """(repeat, backend): all of them in each repeat, in random order."""
    order = random.Random(plan.seed)  # noqa: S311  an order, no secret
    for repeat in range(1, plan.repeats + 1):
        for name in order.sample(plan.backends, len(plan.backends)):
            yield repeat, name


def _figures(plan: MistakesPlan, session: Session, repeat: int, name: str) -> Iterator[Figure]:
    backend = session.backends[name]
    works = list(MISTAKES)
    random.Random(f"{plan.seed} {repeat} {name}").shuffle(works)  # noqa: S311
    timeline = Timeline(session.clock)
    timeline.mark("requested")
    with session.ready(name, LIMITS, timeline) as instance:
        subject = Subject(instance, side_of(backend.family), timeline, plan.seconds)
        for mistake in works:
            ways = MISTAKES[mistake].ways(subject.side)
            try:
                found = WAYS[mistake](subject, ways)
            except (GuestTimeout, ConnectionEnded):  # it is not heard of any more
                raise
            except BackendError as error:
                session.leave_out(f"{name}, {mistake}", error)
                continue
            for way, value in found.items():
                yield Figure(
                    repeat=repeat,
                    backend=name,
                    family=backend.family,
                    engine=backend.engine(session.image),
                    mistake=mistake,
                    way=way,
                    value=value,
                    unit=MISTAKES[mistake].unit,
                )
