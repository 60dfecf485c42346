"""Keeps the last selftest, and finds it again for a run on the same computer."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from labkit.errors import StoreError
from labkit.record import faults
from labkit.recordings.selftest import Selftest
from labkit.system import owned_files, plain_files
from labkit.system.host import Host
from labkit.system.paths import DISTRIBUTION, state_dir

# What must be the same, so that the figures of a selftest hold for a run.
SAME = ("kernel", "cpu_model")


def file() -> Path:
    """Where the last selftest lies."""
    return state_dir() / "selftest.json"


def save(selftest: Selftest) -> Path:
    """Keeps it in the place of the one before; the file is the old one or the new one."""
    path = file()
    try:
        owned_files.make_folder(path.parent, 0o700)
        owned_files.write_whole(path, selftest.model_dump_json(indent=1) + "\n", 0o600)
    except OSError as error:
        raise StoreError(
            f"the selftest could not be kept in {path}",
            details=error.strerror or str(error),
            resolution="make room there, or name another folder: LABKIT_STATE=…",
        ) from error
    return path


def latest(host: Host, say: Callable[[str], None] = lambda message: None) -> Selftest | None:
    """The last selftest on this computer, with this kernel and this version of the lab. One that
    cannot be read, or that is of another, is passed over with a word."""
    try:
        selftest = Selftest.model_validate_json(plain_files.read(file()))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        reason = faults(error) if isinstance(error, ValidationError) else error.strerror
        say(f"the last selftest is passed over: {file()} cannot be read ({reason})")
        return None
    if other := _differences(selftest, host):
        say(f"the last selftest is passed over: it was made with another {', '.join(other)}")
        return None
    return selftest


def _differences(selftest: Selftest, host: Host) -> list[str]:
    names = [name for name in SAME if getattr(selftest.host, name) != getattr(host, name)]
    names += [] if selftest.labkit_version == version(DISTRIBUTION) else ["version of the lab"]
    return [name.replace("_", " ").replace("cpu", "CPU") for name in names]
