"""The exercises of the notebooks, by chapter: name → exercise."""

from __future__ import annotations

from labkit.notebook.exercises import Exercise

EXERCISES: dict[str, Exercise] = {}
