"""The same web app put into service by each method: what its user has to do and to supply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from labkit.apps.containers import connected
from labkit.backends.table import make_backend
from labkit.experiments.base import Batches
from labkit.experiments.deployment.methods import Method, Place, Step, methods
from labkit.experiments.deployment.records import DeploymentPlan, DeploymentStep
from labkit.measure.session import Session
from labkit.system.owner_marks import scratch_folder
from labkit.system.ports import reserved_port

MACHINE = "qemu"


def measure(plan: DeploymentPlan, session: Session) -> Batches:
    """Deploys the app by each method so many times, in turn: a batch each. All that was started is
    ended again."""
    before = session.before.get("steps", ())
    done = {(row.trial, row.method) for row in before if isinstance(row, DeploymentStep)}
    for trial in range(1, plan.repeats + 1):
        for method in methods(session.image):
            if (trial, method.name) in done:
                continue
            session.say(f"{trial}/{plan.repeats}: {method.name:<17}")
            with _place(session, method) as place:
                steps = deploy(method, place, trial)
            yield {"steps": steps}
    return "plan"


def deploy(method: Method, place: Place, trial: int) -> list[DeploymentStep]:
    """From the method's first step to the app's first answer."""
    return [
        _perform(method, number, step, place, trial) for number, step in enumerate(method.steps, 1)
    ]


def _perform(method: Method, number: int, step: Step, place: Place, trial: int) -> DeploymentStep:
    begin = place.clock.now()
    for name, content in step.writes.items():
        target = place.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        # The image's user, who is another one, reads it, whatever the umask is.
        for path in (target, *(p for p in target.parents if place.folder in p.parents)):
            path.chmod(0o755)
    step.do(place)
    seconds = place.clock.now() - begin
    written = sum(len(content) for content in step.writes.values())
    return DeploymentStep(
        trial=trial,
        method=method.name,
        model=method.model,
        engine=place.engine,
        step=number,
        title=step.title,
        files=len(step.writes) + len(step.brings),
        lines=sum(len(content.splitlines()) for content in step.writes.values()),
        bytes=written + sum(path.stat().st_size for path in step.brings),
        seconds=seconds,
    )


@contextmanager
def _place(session: Session, method: Method) -> Iterator[Place]:
    backend = session.backends[MACHINE] if method.model == "IaaS" else make_backend("docker")
    engine = backend.engine(session.image)
    with ExitStack() as stack:
        apps = stack.enter_context(connected())
        folder = stack.enter_context(scratch_folder())
        port = stack.enter_context(reserved_port())
        yield Place(
            folder, port, session.image, engine, apps, session.clock, session.ready_timeout, stack
        )
