"""The recorded runs that the chapters show: what is right is computed from it, never written down,
so that it stays right when a run is recorded anew."""

from __future__ import annotations

from functools import cache

from labkit import store
from labkit.store import Run

RUN = "first-comparison"


@cache
def recorded(name: str = RUN) -> Run:
    return store.load(name)
