"""What can be chosen for a comparison of deployments, and what it took a user to put a server into
service."""

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
from labkit.recordings.words import Engine


@dataclass(frozen=True, kw_only=True)
class DeploymentOptions(Options):
    """How often all of it is done."""

    repeats: Annotated[int, Help("How often the app is deployed by each method.", "N")] = 1


# Who leaves what to the user: see labkit/experiments/deployment/responsibilities.py.
Model = Literal["IaaS", "containers", "PaaS"]


class DeploymentPlan(Record):
    """How often the app is deployed by each method."""

    repeats: int = Field(ge=1)


class DeploymentManifest(Manifest):
    plan: DeploymentPlan


class DeploymentStep(Record):
    """What a user does in one of the methods that put an app into service, and supplies for it.

    lines are those of the text files that the user writes in this step; bytes add what the user
    brings along. seconds are the computer's, not the user's.
    """

    trial: int
    method: str
    model: Model
    engine: Engine
    step: int
    title: str
    files: int
    lines: int
    bytes: int
    seconds: float


Deployments = Recording[DeploymentManifest]
TABLES: Mapping[str, Table] = {"steps": Table(DeploymentStep, ("trial", "method", "step"))}
