"""What recordings there are: of each its name, its experiment, and how far it came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from labkit.recordings.reader import ENDING, MANIFEST
from labkit.system import plain_files


class _Head(BaseModel):
    """What each manifest says, of whichever format and experiment."""

    experiment: str = "benchmark"
    created_at: str = ""
    backends: dict[str, object] = Field(default_factory=dict)


@dataclass(frozen=True)
class Listed:
    """state: complete, unfinished or damaged."""

    folder: Path
    created_at: str
    experiment: str
    backends: tuple[str, ...]
    state: str


def listed(*folders: Path) -> list[Listed]:
    """The recordings in these folders, the newest last."""
    recordings = (recording for folder in folders for recording in _found(folder))
    return sorted(recordings, key=lambda one: (one.created_at, one.folder))


def _found(folder: Path) -> Iterator[Listed]:
    for manifest in folder.glob(f"*/{MANIFEST}"):
        try:
            head = _Head.model_validate_json(plain_files.read(manifest))
        except (OSError, ValidationError):
            yield Listed(manifest.parent, "", "", (), "damaged")
            continue
        state = "complete" if manifest.with_name(ENDING).exists() else "unfinished"
        names = tuple(head.backends)
        yield Listed(manifest.parent, head.created_at, head.experiment, names, state)
