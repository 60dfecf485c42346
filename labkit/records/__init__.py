"""What is written down: frozen records, units in the field names.

A run is a manifest (plan, host facts, image digest) and tidy tables, one row for each trial,
milestone, result, load of requests and sample; one more where several instances ran at once. What
could not be read is None, never zero.
data/README.md explains each column to a reader; a test holds it to this file.
"""

from __future__ import annotations

from labkit.records.base import (
    MILESTONES,
    SEVERAL,
    SLOW_ENGINES,
    Engine,
    Family,
    Record,
    Role,
    Stage,
    StartKind,
)
from labkit.records.inside import About, Joint, ProcessRow, StartEvent, Survivor
from labkit.records.manifest import SCHEMA_VERSION, Ending, Manifest, Reason
from labkit.records.plan import BackendInfo, Host, Limits, Plan
from labkit.records.requests import DeploymentStep, Model, Requests
from labkit.records.selftest import (
    Estimate,
    Floor,
    NullTrials,
    Replays,
    SameTwice,
    SamplerCost,
    Selftest,
)
from labkit.records.trials import InstanceReading, Milestone, Result, Sample, Trial

__all__ = [
    "MILESTONES",
    "SCHEMA_VERSION",
    "SEVERAL",
    "SLOW_ENGINES",
    "About",
    "BackendInfo",
    "DeploymentStep",
    "Ending",
    "Engine",
    "Estimate",
    "Family",
    "Floor",
    "Host",
    "InstanceReading",
    "Joint",
    "Limits",
    "Manifest",
    "Milestone",
    "Model",
    "NullTrials",
    "Plan",
    "ProcessRow",
    "Reason",
    "Record",
    "Replays",
    "Requests",
    "Result",
    "Role",
    "SameTwice",
    "Sample",
    "SamplerCost",
    "Selftest",
    "Stage",
    "StartEvent",
    "StartKind",
    "Survivor",
    "Trial",
]
