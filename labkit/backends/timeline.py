"""The milestones of one trial, on the host's clock."""

from __future__ import annotations

from collections.abc import Callable

from labkit.recordings.words import MILESTONES
from labkit.system.clock import Clock


class Timeline:
    """Notes when each milestone was reached; the first call counts."""

    def __init__(self, clock: Clock, on_mark: Callable[[str], None] = lambda name: None) -> None:
        self.clock = clock
        self._on_mark = on_mark
        self._times: dict[str, float] = {}

    def mark(self, name: str, at: float | None = None) -> None:
        """Milestone `name` was reached now, or at the time `at` of the same clock."""
        if name not in MILESTONES:
            raise ValueError(f"not a milestone: {name}")
        if name not in self._times:
            self._times[name] = self.clock.now() if at is None else at
            self._on_mark(name)

    def since_requested(self) -> dict[str, float]:
        """Milestone → seconds since `requested`, in the milestones' order."""
        if "requested" not in self._times:
            return {}
        start = self._times["requested"]
        return {name: self._times[name] - start for name in MILESTONES if name in self._times}
