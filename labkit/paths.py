"""Where things lie: the user's cache and state folders, the project's runs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """Downloads and built images; safe to delete. LABKIT_CACHE overrides it."""
    override = os.environ.get("LABKIT_CACHE")
    return Path(override) if override else Path(platformdirs.user_cache_dir("labkit"))


def state_dir() -> Path:
    """What the lab must remember between calls, such as a daemon that it started."""
    override = os.environ.get("LABKIT_STATE")
    return Path(override) if override else Path(platformdirs.user_state_dir("labkit"))


def project_dir() -> Path:
    """The checkout that holds data/ and notebooks/; else the working directory."""
    checkout = Path(__file__).resolve().parent.parent
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def runs_dir() -> Path:
    """Where new runs go unless told otherwise."""
    return project_dir() / "data" / "runs"


def reference_dir() -> Path:
    """Recorded runs that come with the lab."""
    return project_dir() / "data" / "reference"
