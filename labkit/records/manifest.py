"""The first and the last file of a run folder."""

from __future__ import annotations

from typing import Literal

from labkit.records.base import Record
from labkit.records.plan import BackendInfo, Host, Plan
from labkit.records.selftest import Selftest

SCHEMA_VERSION = 2


class Manifest(Record):
    """The first file of a run folder."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    created_at: str
    labkit_version: str
    plan: Plan
    host: Host
    image_digest: str
    # Workload → SHA-256 of its file: the same name may do other work in another version.
    workload_digests: dict[str, str]
    backends: dict[str, BackendInfo]
    selftest: Selftest | None = None


# Why a run has no more trials.
Reason = Literal["plan", "precision", "time budget", "failures"]


class Ending(Record):
    """The last file of a run folder: why no more trials were made, how many there are, and what
    the other files hold, so that whatever changes them later is noticed."""

    ended_at: str
    reason: Reason
    trials: int
    # File of the run → SHA-256 of its content.
    digests: dict[str, str]
