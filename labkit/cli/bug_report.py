"""What the developers of the lab need to know of an error that is none of its own."""

from __future__ import annotations

import locale
import os
import platform
import resource
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from labkit.errors import LabError
from labkit.system import host, owned_files
from labkit.system.paths import DISTRIBUTION, state_dir

NAME = "last-error.txt"
# Whatever else is in the environment is the user's business; DOCKER_AUTH_CONFIG is a password.
TOLD = (
    *("LABKIT_", "LC_", "LANG", "TMPDIR", "XDG_", "PYTHON"),
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_API_VERSION", "CONTAINER_HOST"),
)


def unexpected(error: Exception) -> LabError:
    """Says so, and where the facts lie."""
    why = f"{type(error).__name__}: {error}"
    try:
        place = f"with {_kept(facts(error))}: read it through before, it names folders of yours"
    except OSError:  # no room, no right: then they are printed
        place = f"with what follows\n{facts(error)}"
    return LabError(
        "the lab met what it has no words for: a fault of its own",
        details=why,
        resolution=f"to report it: an issue, {place}",
    )


def facts(error: BaseException) -> str:
    """The command, the computer, its limits, and where the error came from."""
    return "\n".join(_lines(error))


def _kept(text: str) -> Path:
    """The last one only, in the place of the one before; a new file where that takes none."""
    file = state_dir() / NAME
    try:
        owned_files.make_folder(file.parent, 0o700)
        owned_files.write_whole(file, text, 0o600)
    except OSError:
        descriptor, name = tempfile.mkstemp(prefix="labkit-error-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
        return Path(name)
    return file


def _lines(error: BaseException) -> Iterator[str]:
    yield f"time: {datetime.now(UTC).isoformat(timespec='seconds')}"
    yield f"command: {shlex.join(sys.argv)}"
    yield from _told("labkit", lambda: version(DISTRIBUTION))
    yield f"Python {sys.version}, {platform.platform()}"
    yield f"encodings: {sys.getfilesystemencoding()}, {locale.getpreferredencoding(False)}"
    yield from _told("host", lambda: host.inspect().model_dump_json())
    for name in ("RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE"):
        yield from _told(name, lambda name=name: resource.getrlimit(getattr(resource, name)))  # type: ignore[misc]
    yield from (f"{name}={text}" for name, text in os.environ.items() if name.startswith(TOLD))
    yield ""
    yield "".join(traceback.format_exception(error))


def _told(name: str, ask: Callable[[], object]) -> Iterator[str]:
    """What cannot be read must not keep the rest from being told."""
    try:
        yield f"{name}: {ask()}"
    except Exception as error:
        yield f"{name}: {error!r}"
