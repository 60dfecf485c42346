"""The exercises of 01-three-ways-to-virtualize."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from labkit.course.exercise import exercise, number, recorded
from labkit.experiments.isolation import stats

SEES = "what it sees"


@cache
def _matrix() -> Any:
    """`stats.matrix` of what was recorded, as a frame by backend and aspect."""
    return stats.matrix(recorded("isolation").answers).set_index(["backend", "aspect"])


@exercise(
    "01-kernels",
    "stats.matrix has a row whose aspect is kernel for each backend; look at `touches`",
    "two instances with the same boot_id are answered by one kernel",
)
def kernels(answer: Any) -> str:
    """Which of the backends give an instance a kernel of its own?"""
    whose = _matrix().xs("kernel", level="aspect")["touches"]
    named, truth = _names(answer), set(whose[whose == "own"].index)
    if unknown := named - set(whose.index):
        return f"nothing was recorded of {', '.join(sorted(unknown))}"
    if named - truth:
        return "one that you name is answered by the host's kernel"
    return "" if named == truth else "there are more"


@exercise(
    "01-shared",
    f'of the rows of docker whose section is "{SEES}", count those that touch the host',
    "in the chart, these are the cells of the upper part that say host's",
)
def shared(answer: Any) -> str:
    """How many of the things that it sees does a Docker container share with its host?"""
    rows = _matrix().xs("docker")
    rows = rows[rows["section"] == SEES]
    truth = int((rows["touches"] == "host").sum())
    return number(
        answer, truth, (len(rows) - truth, "these are the things that are its own"), part=0
    )


@exercise(
    "01-filter",
    "docker:seccomp=unconfined is the same container without that filter",
    "look for the row in which these two say different words",
)
def filtered(answer: Any) -> str:
    """Which attempt does Docker refuse by nothing but its filter of system calls?"""
    table = _matrix()
    usual, open_ = (table.xs(name)["word"] for name in ("docker", "docker:seccomp=unconfined"))
    truth = set(usual.index[(usual == "refused") & (open_ == "allowed")])
    if answer not in usual.index:
        return "an attempt has the name of its row in the chart"
    if answer in truth:
        return ""
    if usual[answer] == open_[answer] == "refused":
        return "this is refused without the filter, too"
    return "this is no attempt that the filter refuses"


def _names(answer: Any) -> set[str]:
    """Names, as a list or in one text with commas between."""
    words: Iterable[Any] = answer.split(",") if isinstance(answer, str) else answer
    return {str(word).strip() for word in words}
