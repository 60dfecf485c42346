"""The exercises of the notebooks, a module each chapter: name → exercise."""

from importlib import import_module

from labkit.course.exercise import EXERCISES, Exercise

for chapter in (
    *("start", "boundaries", "startup", "memory", "cpu"),
    *("images", "isolation", "inside", "paas", "benchmark", "claims.exercises"),
    *("spectrum", "orchestration", "mistakes"),
):
    import_module(f"{__name__}.{chapter}")

__all__ = ["EXERCISES", "Exercise"]
