"""The figures of which right and wrong quotients are made, and how they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from labkit.experiments.options import Help, Names, Options
from labkit.record import Record
from labkit.recordings.kind import Table
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording
from labkit.recordings.words import Engine, Family


@dataclass(frozen=True)
class MistakesOptions(Options):
    """One container, and what it is compared with."""

    backends: Annotated[
        Names | None,
        Help(
            "One that makes containers, and one or more machines, with commas between; if not "
            "given, docker and qemu."
        ),
    ] = None
    # With fewer pairs no interval can promise 95 % (stats/signed_ranks.py).
    repeats: Annotated[int, Help("How often each of them is started, 1 to 50.", "N")] = 6
    seconds: Annotated[float, Help("About how long each work takes, 0.2 to 10.", "N")] = 1.0
    seed: Annotated[int | None, Help("Makes the order repeatable.")] = None


class MistakesPlan(Record):
    backends: tuple[str, ...]
    repeats: int = Field(ge=1)
    seconds: float = Field(gt=0)
    seed: int


class MistakesManifest(Manifest):
    plan: MistakesPlan


class Figure(Record):
    """One quantity, measured once in one way: of which quotients it is a part says pairs.py."""

    repeat: int
    backend: str
    family: Family
    engine: Engine
    mistake: str
    way: str
    value: float = Field(ge=0)
    unit: str


MistakesRecording = Recording[MistakesManifest]
TABLES: Mapping[str, Table] = {"figures": Table(Figure, ("repeat", "backend", "mistake", "way"))}
