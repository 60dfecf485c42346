"""What an instance sees of its computer, and what it may do: asked by a probe behind each boundary.

>>> sight = seen.look(["docker", "qemu"])   # starts them; the host is looked at, too
>>> sight = seen.load()                     # what was recorded for reading
>>> stats.seen(sight.frame)
"""

from __future__ import annotations

from pathlib import Path

from labkit.seen import kept
from labkit.seen.facts import ATTEMPTS, FACTS, Seen, SightManifest
from labkit.seen.kept import begin
from labkit.seen.looking import Sight, look

__all__ = ["ATTEMPTS", "FACTS", "Seen", "Sight", "SightManifest", "begin", "load", "look", "save"]


def load(folder: Path | None = None) -> Sight:
    """What is kept in a folder; without one, what was recorded for reading."""
    return Sight(*kept.read(folder))


def save(sight: Sight, folder: Path) -> Path:
    """Keeps it in a folder, for `load`."""
    return kept.write(folder, sight.manifest, sight.answers)
