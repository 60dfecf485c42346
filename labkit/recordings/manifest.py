"""The first and the last file of a recording."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from labkit.record import Record
from labkit.recordings.facts import BackendInfo
from labkit.recordings.selftest import Selftest
from labkit.system.host import Host

SCHEMA_VERSION = 3


class Manifest(Record):
    """What was measured, when, where and with what. Each experiment adds its `plan`, and what else
    a reader of its figures must know."""

    schema_version: int = SCHEMA_VERSION
    experiment: str
    recording_id: str
    created_at: str
    labkit_version: str
    host: Host
    image_digest: str
    # Debian's packages whose programs are in the lab image → version; with what they depend on.
    packages: dict[str, str] = Field(default_factory=dict)
    # Workload → SHA-256 of its file: the same name may do other work in another version.
    workload_digests: dict[str, str] = Field(default_factory=dict)
    backends: dict[str, BackendInfo] = Field(default_factory=dict)
    # Other programs that the figures depend on → version.
    versions: dict[str, str] = Field(default_factory=dict)
    selftest: Selftest | None = None


# Why there are no more records.
Reason = Literal["plan", "precision", "time budget", "failures"]


class Ending(Record):
    """Why there are no more records, how many batches there are, what was left out (a backend, a
    part of the plan → why), and what the other files hold, so that a later change is noticed."""

    ended_at: str
    reason: Reason
    batches: int
    left_out: dict[str, str] = Field(default_factory=dict)
    # File of the recording → SHA-256 of its content.
    digests: dict[str, str]
