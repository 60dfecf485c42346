"""The exercises of 10-the-claims."""

from __future__ import annotations

from typing import Any

from labkit.course import claims
from labkit.course.claims.finding import NOT
from labkit.course.exercise import exercise, number

DOCKERDS = "containerd-life"


@exercise(
    "10-wrong",
    "claims.table() has a row for each sentence, and a column verdict",
    f"count the rows whose verdict is `{NOT}`",
)
def wrong(answer: Any) -> str:
    """How many sentences of the note do not hold as they are written?"""
    return number(answer, (claims.table()["verdict"] == NOT).sum(), part=0)


@exercise(
    "10-dockerd",
    "look for the two sentences of section 1-5 whose verdict is not `holds`",
    "who reports the events of networks and volumes?",
)
def dockerds(answer: Any) -> str:
    """Which sentence of 1-5 does not hold because a part of the work is dockerd's?"""
    verdicts = claims.table().query("section == '1-5'").set_index("id")["verdict"]
    if answer not in verdicts.index:
        return "it is one of the short names below the sentences of section 1-5"
    if verdicts[answer] != NOT:
        return "this sentence holds"
    return "" if answer == DOCKERDS else "this one does not hold, but dockerd is not the reason"
