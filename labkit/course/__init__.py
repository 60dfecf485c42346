"""The exercises of the notebooks, by chapter: name → exercise."""

from __future__ import annotations

from labkit.course import cpu, isolation, memory, startup
from labkit.course.exercise import Exercise

EXERCISES: dict[str, Exercise] = {
    **startup.EXERCISES,
    **memory.EXERCISES,
    **cpu.EXERCISES,
    **isolation.EXERCISES,
}

__all__ = ["EXERCISES", "Exercise"]
