"""Each script behind each of its boundaries: what it printed, how it ended, what it took."""

from __future__ import annotations

from labkit.errors import LabError
from labkit.experiments.base import Batches
from labkit.experiments.shell.records import Answer, Question, ShellPlan
from labkit.guest.protocol import Outcome, Script
from labkit.measure.sampler import Sampler
from labkit.measure.session import Session

SAMPLE_INTERVAL_S = 0.1


def measure(plan: ShellPlan, session: Session) -> Batches:
    """A batch an answer; each script has an instance of its own."""
    answers = [row for row in session.before.get("answers", ()) if isinstance(row, Answer)]
    done = {(row.script, row.backend) for row in answers}
    for script, question in plan.scripts.items():
        for name in question.backends:
            if (script, name) in done or name not in session.backends:
                continue
            session.say(name)
            answers.append(_answer(question, name, session))
            yield {"answers": answers[-1:]}
    return "plan" if any(row.error is None for row in answers) else "failures"


def _answer(question: Question, name: str, session: Session) -> Answer:
    """What could not be run has the reason in its answer, and the rest goes on."""
    engine = session.backends[name].engine(session.image)
    try:
        outcome, peak = _run(question, name, session)
    except LabError as error:
        return Answer(script=question.id, backend=name, engine=engine, error=str(error))
    return Answer(
        script=question.id,
        backend=name,
        engine=engine,
        exit_status=outcome.status,
        # Where its begin and its end came at once, it was shorter than can be told.
        duration_s=outcome.seconds or None,
        peak_pss_bytes=peak,
        stdout=outcome.out.decode(errors="replace"),
        stderr=outcome.err.decode(errors="replace"),
        truncated=question.output_bytes in (len(outcome.out), len(outcome.err)),
    )


def _run(question: Question, name: str, session: Session) -> tuple[Outcome, int | None]:
    script = Script(question.text, question.seconds, question.output_bytes)
    sampler = Sampler(session.clock, interval=SAMPLE_INTERVAL_S, memory_s=SAMPLE_INTERVAL_S)
    with session.ready(name) as instance:
        sampler.add(instance.all_meters())
        with sampler:
            outcome = instance.shell(script)
            sampler.take()
    return outcome, _peak(sampler)


def _peak(sampler: Sampler) -> int | None:
    """The highest sum of PSS over the meters that were read together; one that could not be read
    makes its sum unknown."""
    rounds: dict[int, list[int | None]] = {}
    counts: dict[str, int] = {}
    for timed in sampler.readings:
        round_ = counts[timed.meter.name] = counts.get(timed.meter.name, 0) + 1
        rounds.setdefault(round_, []).append(timed.reading.pss_bytes)
    known = (parts for parts in rounds.values() if None not in parts)
    return max((sum(part or 0 for part in parts) for parts in known), default=None)
