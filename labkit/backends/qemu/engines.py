"""Which engine executes a QEMU guest's instructions here.

That /dev/kvm exists, or even opens, proves nothing: under some nested hypervisors it takes
guests and never runs them. So an accelerator counts only once the lab image has booted under it.
The answer is kept until the image, QEMU, the host's kernel or the computer's start changes; a
"no" for some time only, since a busy computer or another hypervisor may have been the reason.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import Field

from labkit.backends.exclusion import ways_out
from labkit.errors import BackendError, NoRoom
from labkit.image import LabImage
from labkit.record import Record
from labkit.recordings.words import Engine
from labkit.system import owned_files, plain_files
from labkit.system.host import device_error
from labkit.system.owner_marks import place
from labkit.system.paths import state_dir

# How long the first "no" holds; each further one twice as long, so that a computer whose
# accelerator never works is not kept waiting every hour. More of them than these (three weeks) are
# not counted.
NO_HOLDS_S, MOST_NOES = 3600.0, 10
MOST_KEPT = 20
AGAIN = "labkit doctor --again"

# Boots the lab image under an engine, to the end; BackendError says why it did not.
Boot = Callable[[Engine, LabImage], None]


class Proof(Record):
    """What came of booting the lab image: refusal is None where it did, details is what the
    machine and its console have said, at the wall clock's seconds, noes how often in a row it
    did not."""

    at: float
    refusal: str | None = None
    details: str = ""
    noes: int = Field(default=0, ge=0, le=MOST_NOES)

    @property
    def holds_until(self) -> float:
        return self.at + (NO_HOLDS_S * 2 ** (self.noes - 1) if self.noes else float("inf"))

    def holds(self) -> bool:
        """A date in the future is one of a clock that was set back: nobody knows how old it is.
        A "no" that was never counted would hold for ever."""
        counted = (self.noes > 0) == (self.refusal is not None)
        return counted and self.at <= time.time() < self.holds_until


def choose(image: LabImage | None, qemu_version: str, boot: Boot) -> Engine:
    """The fastest engine that is proven here; tcg (QEMU's own emulation) where none is."""
    engine = accelerator()
    if engine is None or image is None:
        return "tcg"
    return engine if proof(engine, image, qemu_version, boot).refusal is None else "tcg"


def accelerator() -> Engine | None:
    """The accelerator that this system might have, unproven."""
    if sys.platform == "darwin":
        return "hvf"
    return "kvm" if device_refusal() is None else None


def device_refusal(device: str = "/dev/kvm") -> str | None:
    """Why the kernel's device cannot be used at all, or None when it opens."""
    error = device_error(device)
    if isinstance(error, FileNotFoundError):
        return f"{device} is not there (no hardware virtualization, or it is off in the firmware)"
    return f"{device} does not open: {error.strerror}" if error else None


def proof(engine: Engine, image: LabImage, qemu_version: str, boot: Boot) -> Proof:
    """The proof of this engine: the one that is kept, if it holds, else that of a boot now."""
    key = "|".join([engine, image.digest, qemu_version, os.uname().release, place()])
    known = _read()
    before = known.get(key)
    if before is None or not before.holds():
        known[key] = _tried(engine, image, boot, before.noes if before else 0)
        _write(known)
    return known[key]


def _tried(engine: Engine, image: LabImage, boot: Boot, noes: int) -> Proof:
    """What has nothing to do with the engine (no room, no memory, no further process) proves
    nothing: it is raised, and not kept."""
    try:
        boot(engine, image)
    except NoRoom:
        raise
    except BackendError as error:
        details = error.details.strip()
        return Proof(
            at=time.time(), refusal=error.brief, details=details, noes=min(noes + 1, MOST_NOES)
        )
    return Proof(at=time.time())


def forget() -> None:
    """Forgets all proofs: an engine is tried anew when it is asked for."""
    _write({})


def explain(image: LabImage | None, qemu_version: str, boot: Boot) -> str:
    """The choice of the engine in a sentence."""
    engine = accelerator()
    if engine is None:
        return f"engine tcg (emulation): {device_refusal()}"
    if image is None:
        return f"{engine} is not tried yet: that boots the lab image, which labkit setup builds"
    tried = proof(engine, image, qemu_version, boot)
    if tried.refusal is None:
        return f"engine {engine}: the lab image has booted under it"
    words = tried.details.rpartition("\n")[2]
    at, until = (time.strftime("%F %R", time.localtime(t)) for t in (tried.at, tried.holds_until))
    return (
        f"engine tcg (emulation): under {engine} the lab image did not boot ({tried.refusal}; "
        f"last words: {words or 'none'}); tried {at}, holds until {until}; to try anew: {AGAIN}"
        + (f"; {ways}" if (ways := ways_out(tried.details)) else "")
    )


# What could not be written, by its file: kept until this process ends.
_unwritten: dict[Path, dict[str, Proof]] = {}


def _file() -> Path:
    return state_dir() / "engines.json"


def _read() -> dict[str, Proof]:
    """The proofs that are kept, but for those that cannot be read, such as an older lab's."""
    if _file() in _unwritten:
        return _unwritten[_file()]
    known = {}
    with suppress(OSError, ValueError, AttributeError):
        for key, kept in plain_files.read_json(_file()).items():
            with suppress(ValueError):
                known[key] = Proof.model_validate(kept)
    return known


def _write(known: dict[str, Proof]) -> None:
    latest = sorted(known, key=lambda key: known[key].at)[-MOST_KEPT:]
    kept = {key: known[key].model_dump() for key in latest}
    try:
        owned_files.make_folder(state_dir(), 0o700)
        owned_files.write_whole(_file(), json.dumps(kept, indent=1), 0o600)
        _unwritten.pop(_file(), None)
    except OSError:
        _unwritten[_file()] = known
