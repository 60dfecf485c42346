"""The exercises of the notebooks, by chapter: name → exercise."""

from __future__ import annotations

from labkit.course import cpu, images, isolation, memory, seen, startup
from labkit.course.exercise import Exercise

EXERCISES: dict[str, Exercise] = {
    **seen.EXERCISES,
    **startup.EXERCISES,
    **memory.EXERCISES,
    **cpu.EXERCISES,
    **images.EXERCISES,
    **isolation.EXERCISES,
}

__all__ = ["EXERCISES", "Exercise"]
