"""Inside Docker: its processes and sockets while a container runs, and the events of a start."""

from labkit.lazy import attach

__getattr__, __all__ = attach(__name__, charts=".charts", run=".experiment:run", stats=".stats")
