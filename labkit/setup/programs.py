"""Set-up of a backend whose programs are one package of the system."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from labkit.process import find_tool
from labkit.setup import apt

Say = Callable[[str], None]


def installs(programs: Sequence[str], package: str) -> Callable[[Say], None]:
    """A set-up step: installs the package where one of its programs is missing."""

    def set_up(say: Say) -> None:
        if any(find_tool(program) is None for program in programs):
            apt.install([package], say)

    return set_up
