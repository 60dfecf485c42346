"""The exercises of the notebooks, by chapter: name → exercise."""

from __future__ import annotations

from labkit.course import (
    benchmark,
    cpu,
    images,
    inside,
    isolation,
    memory,
    paas,
    seen,
    start,
    startup,
)
from labkit.course.exercise import Exercise

EXERCISES: dict[str, Exercise] = {
    **start.EXERCISES,
    **seen.EXERCISES,
    **startup.EXERCISES,
    **memory.EXERCISES,
    **cpu.EXERCISES,
    **images.EXERCISES,
    **isolation.EXERCISES,
    **inside.EXERCISES,
    **paas.EXERCISES,
    **benchmark.EXERCISES,
}

__all__ = ["EXERCISES", "Exercise"]
