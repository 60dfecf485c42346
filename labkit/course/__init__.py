"""The exercises of the notebooks, by chapter: name → exercise."""

from __future__ import annotations

from labkit.course import benchmark, cpu, inside, memory, paas, startup
from labkit.course.exercise import Exercise

EXERCISES: dict[str, Exercise] = {
    **startup.EXERCISES,
    **memory.EXERCISES,
    **cpu.EXERCISES,
    **inside.EXERCISES,
    **paas.EXERCISES,
    **benchmark.EXERCISES,
}

__all__ = ["EXERCISES", "Exercise"]
