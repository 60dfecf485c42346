"""What an exercise is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exercise:
    """judge: answer → why it is not right yet, "" when it is. hints: one more at each attempt."""

    judge: Callable[[Any], str]
    hints: tuple[str, ...]
