"""What can be chosen for a look behind the boundaries, and the order in which the probe asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from labkit.backends.table import expand
from labkit.experiments.isolation.records import IsolationPlan
from labkit.experiments.options import Help, Names, Options
from labkit.measure import choice


@dataclass(frozen=True)
class IsolationOptions(Options):
    """Behind which boundaries the probe asks."""

    backends: Annotated[
        Names | None,
        Help(
            "Which, with commas between; if not given, what can run here quickly. engine-parts: "
            "what a container engine is made of; spectrum: all from a process to a machine. The "
            "host is always asked, to compare with."
        ),
    ] = None


HOST = "host"


def make_plan(options: IsolationOptions) -> IsolationPlan:
    """The host first: what an instance shares with it can only be told beside it. UsageError for a
    backend that does not exist."""
    named = choice.quick() if options.backends is None else expand(options.backends)
    return IsolationPlan(backends=tuple(dict.fromkeys([HOST, *named])))
