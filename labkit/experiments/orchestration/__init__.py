"""Orchestration: one pod becomes many, comes back when it is lost, is replaced while it serves."""

from labkit.lazy import attach

__getattr__, __all__ = attach(
    __name__,
    charts=".charts",
    run=".experiment:run",
    stats=".stats",
)
