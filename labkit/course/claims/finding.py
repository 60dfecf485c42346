"""What was found of a sentence."""

from __future__ import annotations

from dataclasses import dataclass

HOLDS, WHEN, NOT, UNMEASURED = "holds", "holds when", "does not hold", "not measurable here"
VERDICTS = (HOLDS, WHEN, NOT, UNMEASURED)


@dataclass(frozen=True)
class Finding:
    """when: the condition, where the verdict is `holds when`."""

    verdict: str
    figure: str
    when: str = ""


def found(holds: bool, figure: str, when: str = "") -> Finding:
    """By what was recorded: `holds` is what the data say of the sentence."""
    if not holds:
        return Finding(NOT, figure)
    return Finding(WHEN, figure, when) if when else Finding(HOLDS, figure)


def unmeasured(why: str) -> Finding:
    return Finding(UNMEASURED, why)
