"""What an orchestrator adds: pods that come back, that become many, that are replaced while they
serve."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from labkit.backends.kubernetes import pod
from labkit.backends.kubernetes.backend import plain
from labkit.backends.kubernetes.client import cluster_errors, connected
from labkit.backends.piped import instance_name
from labkit.errors import BackendError
from labkit.experiments.base import Batches
from labkit.experiments.orchestration.app import App, app
from labkit.experiments.orchestration.records import (
    PARTS,
    OrchestrationPlan,
    Outcome,
    Part,
    PodMoment,
)
from labkit.measure.session import Session
from labkit.system.clock import wait_until

PAUSE_S = 0.02  # between two requests
SERVING = 3  # pods that serve while they are replaced
WARM_S = 20.0
BEFORE_S = 1.0  # requests are sent so long before and after a rollout, too


@dataclass
class Load:
    """Requests, one after another, and those without an answer."""

    sent: int = 0
    lost: int = 0


def measure(plan: OrchestrationPlan, session: Session) -> Batches:
    """A batch a part and trial, each in a namespace of its own."""
    rows = session.before.get("outcomes", ())
    done = {(row.trial, row.part) for row in rows if isinstance(row, Outcome)}
    for trial in range(1, plan.repeats + 1):
        for part in (part for part in PARTS if (trial, part) not in done):
            session.say(f"{trial}/{plan.repeats}: {part:<15}")
            with (
                pod.namespace(plain(instance_name())) as space,
                cluster_errors("orchestrate"),
                app(space, session.image, session.clock) as pods,
            ):
                outcome, start = _perform(pods, part, plan, trial)
                yield {"moments": _moments(pods, start, trial, part), "outcomes": [outcome]}
    return "plan"


def _perform(pods: App, part: Part, plan: OrchestrationPlan, trial: int) -> tuple[Outcome, float]:
    """The outcome, and when the request was sent."""
    patient = part != "rollout abrupt"
    before = SERVING if part.startswith("rollout") else 1
    pods.apply(replicas=before, patient=patient)
    [first, *_] = pods.until_ready({1}, before)
    if part.startswith("rollout"):
        return _roll_out(pods, part, trial, patient=patient)
    start = pods.clock.now()
    after = plan.replicas if part == "scale" else 1
    if part == "scale":
        pods.apply(replicas=after)
    else:
        pods.delete_pod(first)
    while first in pods.until_ready({1}, after) and part == "heal":
        pods.clock.sleep(PAUSE_S)
    return Outcome(trial=trial, part=part, pods=after, seconds=pods.clock.now() - start), start


def _roll_out(pods: App, part: Part, trial: int, *, patient: bool) -> tuple[Outcome, float]:
    pods.serve()
    if not wait_until(lambda: _answers(pods), timeout=WARM_S):
        raise BackendError("the service does not lead to its pods")
    with _asking(pods) as load:
        pods.clock.sleep(BEFORE_S)
        start = pods.clock.now()
        pods.apply(version=2, replicas=SERVING, patient=patient)
        pods.until_ready({2}, SERVING)
        seconds = pods.clock.now() - start
        pods.clock.sleep(BEFORE_S)
    outcome = Outcome(
        trial=trial, part=part, pods=SERVING, seconds=seconds, sent=load.sent, lost=load.lost
    )
    return outcome, start


@contextmanager
def _asking(pods: App) -> Iterator[Load]:
    """Requests as long as this context lasts, by a thread and a connection of its own."""
    load, over = Load(), threading.Event()

    def ask() -> None:
        with connected() as api:
            other = App(pods.namespace, pods.image, pods.clock, api)
            while not over.wait(PAUSE_S):
                load.sent += 1
                load.lost += not _answers(other)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield load
    finally:
        over.set()
        thread.join()


def _answers(pods: App) -> bool:
    from kubernetes.client.exceptions import OpenApiException
    from urllib3.exceptions import HTTPError

    try:
        pods.ask()
    except (OpenApiException, HTTPError, OSError):
        return False
    return True


def _moments(pods: App, start: float, trial: int, part: Part) -> list[PodMoment]:
    names = {
        name: number for number, name in enumerate(dict.fromkeys(n for n, _ in pods.moments), 1)
    }
    return [
        PodMoment.model_validate(
            {
                "trial": trial,
                "part": part,
                "number": names[name],
                "moment": moment,
                "at_s": at - start,
            }
        )
        for (name, moment), at in pods.moments.items()
    ]
