"""One shell script behind every boundary: what it printed, how it ended, what it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tqdm.auto import tqdm

from labkit import image, orphans, planning
from labkit.backends import Backend, make_backend
from labkit.errors import BackendError, LabError, UsageError
from labkit.image import LabImage
from labkit.process import HostClock
from labkit.protocol import Script
from labkit.records import SLOW_ENGINES, Engine, Limits, Record
from labkit.sampler import Sampler
from labkit.timeline import Timeline

# Programs of the lab image are the only ones there; a line of the protocol is as long as this.
LONGEST_SCRIPT = 2048
SAMPLE_INTERVAL_S = 0.1


class Answer(Record):
    """What a script did behind one boundary. Empty where it could not be run: trouble says why.

    seconds: the script's duration on the host's clock; peak_pss_bytes: the most that instance and
    helper took together meanwhile, read ten times a second; cut: an output was longer than kept.
    """

    backend: str
    engine: Engine | None = None
    status: int | None = None
    seconds: float | None = None
    peak_pss_bytes: int | None = None
    out: str = ""
    err: str = ""
    cut: bool = False
    trouble: str = ""


@dataclass(frozen=True)
class Question:
    """A script, and behind which boundaries it shall run."""

    script: Script
    backends: tuple[str, ...]


def question(
    text: str,
    backends: Sequence[str] | None = None,
    *,
    seconds: int = 10,
    output_bytes: int = 8192,
) -> Question:
    """A checked question. Without backends: all that can run here quickly, but never the host,
    where a script could do harm; `host` must be named."""
    if not text.strip():
        raise UsageError("there is no script", resolution="write some lines of shell")
    if len(text.encode()) > LONGEST_SCRIPT:
        raise UsageError(
            f"the script has {len(text.encode())} bytes; {LONGEST_SCRIPT} are possible",
            resolution="make a workload of it: a file in labkit/guest/workloads",
        )
    if not 1 <= seconds <= 300:
        raise UsageError(f"a time limit of {seconds} s is not possible", resolution="use 1 to 300")
    if not 1 <= output_bytes <= 65536:
        raise UsageError(
            f"{output_bytes} bytes of output are not possible", resolution="use 1 to 65536"
        )
    names = tuple(dict.fromkeys(backends)) if backends else _harmless()
    for name in names:
        make_backend(name)
    return Question(Script(text, seconds, output_bytes), names)


def ask(asked: Question, *, limits: Limits | None = None, progress: bool = True) -> list[Answer]:
    """Runs the script, one instance after another. What cannot be run has its reason in its
    answer; an interrupt leaves nothing behind."""
    chosen = {name: make_backend(name) for name in asked.backends}
    built = image.build(progress=progress)
    answers = []
    try:
        for name in tqdm(chosen, unit="backend", disable=not progress, leave=False):
            answers.append(_answer(chosen[name], built, asked.script, limits or Limits()))
    finally:
        orphans.sweep(chosen.values(), mine=True)
    return answers


def _harmless() -> tuple[str, ...]:
    ready = [make_backend(name) for name in planning.available()]
    built = image.find()
    names = [b.name for b in ready if b.family != "baseline" and b.start == "cold"]
    return tuple(name for name in names if make_backend(name).engine(built) not in SLOW_ENGINES)


def _answer(backend: Backend, built: LabImage, script: Script, limits: Limits) -> Answer:
    engine: Engine | None = None
    try:
        if missing := backend.missing():
            raise BackendError(missing.reason, resolution=missing.fix)
        engine = backend.engine(built)
        backend.prepare(built)
        return _run(backend, engine, built, script, limits)
    except LabError as error:
        return Answer(backend=backend.name, engine=engine, trouble=str(error))


def _run(
    backend: Backend, engine: Engine, built: LabImage, script: Script, limits: Limits
) -> Answer:
    clock = HostClock()
    sampler = Sampler(clock, interval=SAMPLE_INTERVAL_S)
    with (
        backend.saved_state(built, limits),
        backend.launch(built, limits, Timeline(clock)) as instance,
    ):
        instance.wait_ready()
        sampler.add(instance.meters())
        with sampler:
            outcome = instance.shell(script)
            sampler.take()
        instance.stop()
    return Answer(
        backend=backend.name,
        engine=engine,
        status=outcome.status,
        seconds=outcome.seconds,
        peak_pss_bytes=_peak(sampler),
        out=outcome.out.decode(errors="replace"),
        err=outcome.err.decode(errors="replace"),
        cut=script.output_bytes in (len(outcome.out), len(outcome.err)),
    )


def _peak(sampler: Sampler) -> int | None:
    """The highest sum of PSS over the meters that were read together."""
    sums: dict[int, int] = {}
    counts: dict[str, int] = {}
    for timed in sampler.readings:
        round_ = counts[timed.meter.name] = counts.get(timed.meter.name, 0) + 1
        if timed.reading.pss_bytes is not None:
            sums[round_] = sums.get(round_, 0) + timed.reading.pss_bytes
    return max(sums.values(), default=None)
