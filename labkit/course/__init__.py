"""The exercises of the notebooks, by chapter: name → exercise."""

from __future__ import annotations

from labkit.course.exercise import Exercise

EXERCISES: dict[str, Exercise] = {}

__all__ = ["EXERCISES", "Exercise"]
