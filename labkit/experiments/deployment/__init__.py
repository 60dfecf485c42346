"""Deployment: the same web app put into service on a machine, in a container, as code alone."""

from labkit.lazy import attach

__getattr__, __all__ = attach(
    __name__,
    charts=".charts",
    who_manages=".responsibilities:who_manages",
    run=".experiment:run",
    stats=".stats",
)
