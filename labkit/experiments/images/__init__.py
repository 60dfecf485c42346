"""Images and containers: what lies on the disk, what runs, and what of it is shared.

One file for each part; each gives records.
"""

from labkit.lazy import attach

__getattr__, __all__ = attach(
    __name__, charts=".charts", plan=".experiment:plan", run=".experiment:run", stats=".stats"
)
