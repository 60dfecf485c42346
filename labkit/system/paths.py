"""Where things lie: the user's cache and state folders, the project's runs."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from labkit.errors import UsageError

DISTRIBUTION = "virtualization-lab"  # what the package index knows `labkit` by
_PACKAGE = Path(__file__).resolve().parents[1]
_PACKED = _PACKAGE / "_data"


def cache_dir() -> Path:
    """Downloads and built images; safe to delete. LABKIT_CACHE overrides it. Whole: programs with
    another working directory are told of it, and its name may begin with a dash."""
    override = os.environ.get("LABKIT_CACHE")
    if override:
        return Path(override).absolute()
    import platformdirs  # here: `labkit --help` does not wait for it

    return Path(platformdirs.user_cache_dir("labkit"))


def state_dir() -> Path:
    """What the lab must remember between calls, such as a daemon that it started."""
    override = os.environ.get("LABKIT_STATE")
    if override:
        return Path(override).absolute()
    import platformdirs

    return Path(platformdirs.user_state_dir("labkit"))


def own_guest_dir() -> Path | None:
    """A folder of the user's with further workloads (workloads/*.sh) and programs (bin/*) for the
    lab image: LABKIT_GUEST. None where that is not set; UsageError where it is no folder."""
    named = os.environ.get("LABKIT_GUEST")
    if not named:
        return None
    own = Path(named).absolute()
    if not own.is_dir():
        raise UsageError(
            f"LABKIT_GUEST names {own}, which is no folder",
            resolution="name one with workloads/NAME.sh and bin/PROGRAM in it",
        )
    return own


def typed(path: Path) -> str:
    """A path as it is typed in a shell's command, as one word that is no option."""
    return shlex.quote(f"./{path}" if str(path).startswith("-") else str(path))


def project_dir() -> Path:
    """The checkout that holds data/ and notebooks/; else the working directory."""
    checkout = _PACKAGE.parent
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def runs_dir() -> Path:
    """Where new recordings go unless told otherwise."""
    return project_dir() / "data" / "runs"


def data_dir() -> Path:
    """What comes with the lab: recordings and published figures. In a checkout they lie beside the
    package, in an installed one inside of it."""
    return _PACKED if packed() else _PACKAGE.parent / "data"


def packed() -> bool:
    """Whether this is an installed package, and no checkout."""
    return _PACKED.is_dir()


def reference_dir() -> Path:
    """Recordings that come with the lab."""
    return data_dir() / "reference"


def contributed_dir() -> Path:
    """Runs that readers have sent, of computers that the project does not have."""
    return data_dir() / "contributed"
