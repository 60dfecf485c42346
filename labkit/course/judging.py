"""What several judges do: is a number near enough, and in which direction is it off?"""

from __future__ import annotations

from typing import Any

ROUNDING = 0.02  # so far may an answer be rounded


def near(answer: Any, truth: float, *, part: float = ROUNDING) -> bool:
    """Whether a number is the truth, but for rounding."""
    return abs(float(answer) - truth) <= part * abs(truth)


def direction(answer: Any, truth: float) -> str:
    """Which way to look; nothing about how far."""
    return "that is too much" if float(answer) > truth else "that is too little"
