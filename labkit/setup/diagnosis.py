"""What can run on this computer, why not, and the command that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from labkit import image
from labkit.backends.base import Backend, broken
from labkit.backends.qemu import engines
from labkit.backends.table import BACKENDS, make_backend
from labkit.errors import LabError
from labkit.image import LabImage
from labkit.record import Record
from labkit.recordings.words import PACKAGES, Engine, Family
from labkit.setup import wsl
from labkit.system import host
from labkit.system.host import Host


class Finding(Record):
    """One backend's state. engine and version are None where it cannot run; notes explain the
    choice of an engine."""

    backend: str
    family: Family
    ready: bool
    engine: Engine | None = None
    version: str | None = None
    reason: str | None = None
    fix: str | None = None
    notes: tuple[str, ...] = ()
    by_default: bool = True


class Diagnosis(Record):
    """The whole answer of `labkit doctor`."""

    host: Host
    image_digest: str | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()  # what is special to this kind of computer

    @property
    def ready(self) -> tuple[str, ...]:
        """The names of the backends that can run here, of those that a run takes by itself."""
        return tuple(f.backend for f in self.findings if f.ready and f.by_default)


def examine(*, again: bool = False) -> Diagnosis:
    """Looks at this computer. Builds and installs nothing; it boots the lab image once, if that
    is built already and nothing is known of a hardware accelerator, or it shall be tried again."""
    if again:
        engines.forget()
    built = _built()
    here = host.inspect()
    findings = _side_by_side([make_backend(name) for name in BACKENDS], built)
    docker = any(found.ready for found in findings if found.backend == "docker")
    return Diagnosis(
        host=here,
        image_digest=built.digest if built else None,
        findings=findings,
        notes=wsl.notes(here.kernel, docker=docker),
    )


def _built() -> LabImage | None:
    """A cache that cannot be read holds none."""
    with suppress(LabError, OSError, ValueError):
        return image.find()
    return None


def _side_by_side(backends: Sequence[Backend], built: LabImage | None) -> tuple[Finding, ...]:
    """Most of it is waiting for other programs. What may boot a machine is examined by this
    thread: a signal that ends the lab reaches the main one."""
    with ThreadPoolExecutor() as pool:
        asked = {b.name: pool.submit(_examine, b, built) for b in backends if not b.boots}
        own = {b.name: _examine(b, built) for b in backends if b.boots}
        return tuple(own.get(b.name) or asked[b.name].result() for b in backends)


def _examine(backend: Backend, built: LabImage | None) -> Finding:
    """Whatever goes wrong with one is that one's finding."""
    about = {
        "backend": backend.name,
        "family": backend.family,
        "by_default": backend.by_default,
    }
    try:
        if (missing := backend.problem()) is None:
            return Finding(
                **about,
                ready=True,
                engine=backend.engine(built),
                version=backend.version_here,
                notes=(*backend.notes(built), *_without_programs(backend)),
            )
    except Exception as error:
        missing = broken(error)
    reason, fix = map(_as_text, (missing.reason, missing.fix))
    return Finding(**about, ready=False, reason=reason, fix=fix)


def _as_text(words: str) -> str:
    """A file's name in them, or a variable, may be no text, which no record takes."""
    return words.encode(errors="replace").decode()


def _without_programs(backend: Backend) -> list[str]:
    why = backend.unsupported.get(PACKAGES)
    return [f"starts no lab image with Debian's programs: {why}"] if why else []
