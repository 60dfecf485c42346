"""The experiments with images, live or recorded, as LAB_MODE says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labkit import images
from labkit.images import Recording
from labkit.images.recording import recording
from labkit.images.records import ImagesManifest
from labkit.notebook.modes import Shown, Source, fresh_or_recorded


@dataclass(frozen=True, repr=False)
class Imaging(Shown):
    data: Recording
    source: Source
    reason: str

    @property
    def about(self) -> ImagesManifest:
        return self.data.manifest


def imaging(recorded: Recording, experiments: Sequence[str], repeats: int) -> Imaging:
    """Makes these experiments, or gives `recorded`, as LAB_MODE says: see labkit.notebook.modes."""

    def experiment() -> tuple[Recording, str]:
        manifest, rows = images.measure(experiments, repeats=repeats)
        fresh = recording(manifest, rows)
        used = ", ".join(fresh.from_nothing["backend"].unique()) or "docker"
        words = [f"Measured just now: {used} ({', '.join(rows)})."]
        words += [f"Left out: {what}: {why}." for what, why in manifest.left_out.items()]
        return fresh, " ".join(words)

    return Imaging(*fresh_or_recorded(recorded, experiment))
