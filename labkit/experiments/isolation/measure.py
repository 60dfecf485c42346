"""The probe behind each boundary: one start each, and the answers as records."""

from __future__ import annotations

from collections.abc import Mapping

from labkit.errors import LabError
from labkit.experiments.base import Batches
from labkit.experiments.isolation import lines, probe
from labkit.experiments.isolation.plan import HOST
from labkit.experiments.isolation.records import ATTEMPTS, FACTS, Answer, IsolationPlan, Kind
from labkit.measure.session import Session
from labkit.recordings.facts import BackendInfo


def measure(plan: IsolationPlan, session: Session) -> Batches:
    """A batch a backend, in the order of the plan; one that fails is left out."""
    done = {getattr(row, "backend", "") for row in session.before.get("answers", ())}
    for name in plan.backends:
        if name in done | session.left_out.keys():
            continue
        session.say(name)
        try:
            yield {"answers": _ask(name, session)}
        except LabError as error:
            session.leave_out(name, error)
    wanted = set(plan.backends) - {HOST} or {HOST}
    return "failures" if wanted <= set(session.left_out) else "plan"


def _ask(name: str, session: Session) -> list[Answer]:
    with session.ready(name) as instance:
        answers, spared = probe.ask(instance, probe.host_view())
    return records(name, session.backends[name].info(session.image), answers, spared)


def records(
    backend: str, info: BackendInfo, answers: Mapping[str, str], spared: Mapping[str, str]
) -> list[Answer]:
    """The probe's answers as records, in the order of the lists; `spared`: why what was not tried
    was not."""

    def row(kind: Kind, name: str, value: str | None, message: str | None) -> Answer:
        return Answer(
            backend=backend,
            family=info.family,
            engine=info.engine,
            kind=kind,
            name=name,
            value=value,
            message=message,
        )

    rows = [row("fact", name, answers[name] or None, None) for name in FACTS]
    for name in ATTEMPTS:
        outcome, message = lines.outcome(name, answers[lines.TRY + name])
        message = spared[name] if outcome == "not tried" else message
        rows.append(row("attempt", name, outcome, message or None))
    return rows
