"""A run in the form that courses ask for: one page to print, one tidy table, the raw logs."""

from labkit.experiments.benchmark.homework.folder import PROFILE, write

__all__ = ["PROFILE", "write"]
