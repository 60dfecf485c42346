"""What is known of an owner, and so what may be removed: the one place where that is decided.

Abandoned is only what is *known* to be: its mark is of this boot and this PID namespace, and its
process is gone. A lab in a container has a PID namespace of its own; a Docker daemon may serve
several computers. What such a lab has left or still uses cannot be told apart from here, so it
stays, and is named with the command that removes it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from labkit.system.owner_marks import Mark, owner, place, sees_processes, started


class Verdict(Enum):
    """What is known of the process that set a mark."""

    MINE = "this very process"
    LIVES = "it runs"
    ABANDONED = "it has ended"
    UNKNOWN = "it cannot be known"


@dataclass(frozen=True)
class Known:
    """A verdict; `why` says why nothing is known, and is empty otherwise."""

    verdict: Verdict
    why: str = ""


@dataclass(frozen=True)
class Kept:
    """What was left alone, mostly since nothing is known of its owner; `by_hand` would remove
    it."""

    what: str
    why: str
    by_hand: str


def known_of(mark: Mark) -> Known:
    """What is known of a mark's owner. The mark names the owner's namespace, and not that of the
    process or the thing that carries it."""
    if mark == Mark.read(owner()):
        return Known(Verdict.MINE)
    if why := _elsewhere(mark):
        return Known(Verdict.UNKNOWN, why)
    try:
        lives = started(mark.pid) == mark.started
    except PermissionError:
        return Known(Verdict.UNKNOWN, "this user may not see that process")
    return Known(Verdict.LIVES if lives else Verdict.ABANDONED)


def _elsewhere(mark: Mark) -> str:
    """Why a process that is looked for here could be another one, or be somewhere else."""
    boot, _, namespace = place().partition(".")
    if mark.namespace is None or not namespace:
        return "the mark of an older lab does not say where its process is"
    if mark.boot != boot:
        return "it ran on another computer, or on this one before it was last started"
    if mark.namespace != namespace:
        return "it is in another PID namespace of this computer: a container, or its host"
    return "" if sees_processes() else "/proc shows the processes of another PID namespace"


class Judge:
    """Decides for each thing that is marked; `keep` is told what stays for want of knowledge.
    With `mine`, what this very process has is removed, and nothing else."""

    def __init__(self, *, mine: bool = False, keep: Callable[[Kept], None] | None = None) -> None:
        self._wanted = Verdict.MINE if mine else Verdict.ABANDONED
        self._keep = None if mine else keep
        self._spared: set[str] = set()

    def spares(self, text: str) -> None:
        """What bears this mark stays from now on: something uses it that cannot be ended."""
        self._spared.add(text)

    def keeps(self, what: str, why: str, *by_hand: Sequence[object]) -> None:
        """Tells what stays. `by_hand` are the commands with which a user would remove it."""
        if self._keep is not None:
            commands = (shlex.join(map(str, command)) for command in by_hand)
            self._keep(Kept(what, why, " && ".join(commands)))

    def takes(self, text: str, what: str, *by_hand: Sequence[object]) -> bool:
        """Whether what bears this mark is to be removed. What bears none is not ours to judge, and
        what stays for want of knowledge is told."""
        mark = Mark.read(text)
        if mark is None or text in self._spared:
            return False
        known = known_of(mark)
        if known.verdict is Verdict.UNKNOWN:
            self.keeps(what, said(text, known), *by_hand)
        return known.verdict is self._wanted


def said(text: str, known: Known) -> str:
    """Whose it is, and why nothing is known of that owner."""
    return (
        f"process {text.partition('-')[0]} of another lab ({text}) has made it; {known.why}; "
        "`labkit clean`, called where that lab runs, removes what is abandoned"
    )


def kept_lines(kept: Iterable[Kept]) -> list[str]:
    """What was left alone, by owner, in words."""
    by_reason: dict[str, list[str]] = {}
    for thing in dict.fromkeys(kept):
        by_reason.setdefault(thing.why, []).append(f"  {thing.what}\n    {thing.by_hand}")
    return [
        f"kept: {why}. By hand, if nobody uses it any more:\n" + "\n".join(things)
        for why, things in by_reason.items()
    ]


def kept_note(count: int) -> str:
    """The same for whoever did not ask, in one line."""
    return f"{count} things of labs that may run elsewhere were left alone: labkit clean names them"
