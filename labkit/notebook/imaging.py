"""The experiments with images, live or recorded, as LAB_MODE says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from labkit import images
from labkit.errors import LabError
from labkit.images import Recording
from labkit.images.recording import recording
from labkit.notebook.measuring import mode


@dataclass(frozen=True)
class Imaging:
    """A recording to draw, live or from the lab; `reason` says why it is the one or the other."""

    data: Recording
    source: Literal["live", "recorded"]
    reason: str

    @property
    def badge(self) -> str:
        """The line that its charts carry."""
        return self.data.badge(self.source)

    def __repr__(self) -> str:
        return f"{self.badge}\n{self.reason}"


def imaging(recorded: Recording, experiments: Sequence[str], repeats: int) -> Imaging:
    """Makes these experiments as LAB_MODE allows; otherwise gives `recorded`, with the reason.
    In mode `live` an error is raised as it is; in mode `auto` it becomes the reason."""
    chosen = mode()
    if chosen == "recorded":
        return Imaging(recorded, "recorded", "Nothing was started: LAB_MODE is recorded.")
    try:
        manifest, rows = images.measure(experiments, repeats=repeats)
    except LabError as error:
        if chosen == "live":
            raise
        return Imaging(recorded, "recorded", f"It could not be measured here: {error}")
    fresh = recording(manifest, rows)
    used = ", ".join(fresh.from_nothing["backend"].unique()) or "docker"
    words = [f"Measured just now: {used} ({', '.join(rows)})."]
    words += [f"Left out: {what}: {why}." for what, why in manifest.left_out.items()]
    return Imaging(fresh, "live", " ".join(words))
