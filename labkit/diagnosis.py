"""What can run on this computer, why not, and the command that mends it."""

from __future__ import annotations

from labkit import host, image
from labkit.backends import BACKENDS, Backend, make_backend
from labkit.image import LabImage
from labkit.records import Engine, Family, Host, Record


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

    @property
    def ready(self) -> tuple[str, ...]:
        """The names of the backends that can run here, of those that a run takes by itself."""
        return tuple(f.backend for f in self.findings if f.ready and f.by_default)


def examine() -> Diagnosis:
    """Looks at this computer. Builds and installs nothing; it boots the lab image once, if that
    is built already and a hardware accelerator has not been tried yet."""
    built = image.find()
    return Diagnosis(
        host=host.inspect(),
        image_digest=built.digest if built else None,
        findings=tuple(_examine(make_backend(name), built) for name in BACKENDS),
    )


def _examine(backend: Backend, built: LabImage | None) -> Finding:
    missing = backend.missing()
    if missing is not None:
        return Finding(
            backend=backend.name,
            family=backend.family,
            ready=False,
            reason=missing.reason,
            fix=missing.fix,
            by_default=backend.by_default,
        )
    return Finding(
        backend=backend.name,
        family=backend.family,
        ready=True,
        engine=backend.engine(built),
        version=backend.version(),
        notes=backend.notes(built),
        by_default=backend.by_default,
    )
