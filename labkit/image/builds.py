"""How long the builds of lab images took on this computer, with their downloads: what a run may say
before that has to build one. Kept beside the packages, since an image's own bits are always the
same."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from labkit.system import owned_files, plain_files
from labkit.system.paths import cache_dir

NAME = "builds.json"  # {"seconds": [...]}, the latest last
MOST = 10


def build_times() -> list[float]:
    """Seconds, the latest last; none where nothing was built, or it cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return [float(took) for took in plain_files.read_json(_file())["seconds"]]
    return []


def note(seconds: float) -> None:
    """Keeps one more. What the disk does not take is not worth an error."""
    latest = [*build_times(), round(seconds, 1)][-MOST:]
    with suppress(OSError):
        owned_files.write_whole(_file(), json.dumps({"seconds": latest}) + "\n", 0o644)


def _file() -> Path:
    return cache_dir() / "debs" / NAME
