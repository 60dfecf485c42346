"""Density: how startup and memory change when many instances start, one by one and all at once."""

from labkit.lazy import attach

__getattr__, __all__ = attach(
    __name__, charts=".charts", plan=".experiment:plan", run=".experiment:run", stats=".stats"
)
