"""What Debian's programs report of themselves → metrics. One file a program, with its units and
the source of its format."""

from labkit.guest.programs.metric import Metric
from labkit.guest.programs.table import ASKED, PROGRAMS, metrics_of, version_of

__all__ = ["ASKED", "PROGRAMS", "Metric", "metrics_of", "version_of"]
