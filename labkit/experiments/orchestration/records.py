"""What can be chosen for the orchestration experiment, and what became of each pod, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from labkit.experiments.options import Help, Options
from labkit.record import Record
from labkit.recordings.kind import Table
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording

# heal: a pod is deleted. scale: more of them are asked for. rollout: all are replaced by others;
# abrupt: each ends as soon as it is told to, patient: it serves on until nobody asks it any more.
Part = Literal["heal", "scale", "rollout abrupt", "rollout patient"]
PARTS: tuple[Part, ...] = ("heal", "scale", "rollout abrupt", "rollout patient")


@dataclass(frozen=True, kw_only=True)
class OrchestrationOptions(Options):
    """How often, and how many pods."""

    repeats: Annotated[int, Help("How often each part is done.", "N")] = 3
    replicas: Annotated[int, Help("To how many pods it is scaled.", "N")] = 20


class OrchestrationPlan(Record):
    repeats: int = Field(ge=1)
    replicas: int = Field(ge=2)


class OrchestrationManifest(Manifest):
    plan: OrchestrationPlan


class PodMoment(Record):
    """A moment of one pod: `added` (the API server has it), `scheduled` (it has a node), `ready`
    (it answers), `deleted` (it is gone). at_s: on the host's clock, from the request on that began
    the part; before it, where it was there already. number: in the order in which they were seen.
    """

    trial: int
    part: Part
    number: int
    moment: Literal["added", "scheduled", "ready", "deleted"]
    at_s: float


class Outcome(Record):
    """A part as a whole. seconds: until it was done. sent, lost: requests to the app meanwhile, and
    those without an answer; none are sent but during a rollout."""

    trial: int
    part: Part
    pods: int
    seconds: float
    sent: int | None = None
    lost: int | None = None


Orchestration = Recording[OrchestrationManifest]
TABLES: Mapping[str, Table] = {
    "moments": Table(PodMoment, ("trial", "part", "number", "moment")),
    "outcomes": Table(Outcome, ("trial", "part")),
}
