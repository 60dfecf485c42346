"""Asks a server that an instance runs: when does it answer first, how fast does it answer then."""

from labkit.measure.web.visit import Visit

__all__ = ["Visit"]
