"""What each report is turned into, and the ways to read one without trusting it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from labkit.errors import BackendError

# Unit → what it means. Of a time, less is better; of all others, more.
UNITS = {
    "1/s": "so many a second",
    "B/s": "bytes a second",
    "us": "microseconds",
    "count": "counted",
    "percent": "percent",
}


class Metric(NamedTuple):
    """One figure of a report; its unit is one of UNITS."""

    name: str
    unit: str
    value: float


def unreadable(program: str, why: str, text: str) -> BackendError:
    """The report of a program makes no sense."""
    shown = " ".join(text.split())
    return BackendError(
        f"the report of {program} cannot be read",
        details=f"{why}; it begins: {shown[:200] or 'it is empty'}",
        resolution="look at its own words in the run's reports.csv, or at its version",
    )


def as_json(program: str, report: str) -> Any:
    """What a report in JSON says. BackendError where it is none."""
    try:
        return json.loads(report)
    except (ValueError, RecursionError) as reason:
        raise unreadable(program, f"it is no JSON ({reason})", report) from None


def number(value: Any) -> float | None:
    """A finite number that is not negative; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and found >= 0 else None


def at(data: Any, *path: str | int) -> Any:
    """What stands in nested JSON at this place; None where there is no such place."""
    for step in path:
        if isinstance(step, str) and isinstance(data, dict):
            data = data.get(step)
        elif isinstance(step, int) and isinstance(data, list) and len(data) > step:
            data = data[step]
        else:
            return None
    return data


def after(text: str, pattern: str) -> float | None:
    """The number that the first group of a pattern finds."""
    found = re.search(pattern, text, re.MULTILINE)
    return number(found[1]) if found else None


def known(rows: Sequence[tuple[str, str, float | None]]) -> list[Metric]:
    """The metrics that have a value, in their order."""
    return [
        Metric(name, unit, value)
        for name, unit, value in rows
        if value is not None and math.isfinite(value)
    ]
