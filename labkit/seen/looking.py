"""Looking behind the boundaries: one start each, the probe, and the answers as records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import pandas as pd
from tqdm.auto import tqdm

from labkit import host, image, orphans, planning, tables
from labkit.backends import Backend, expand, make_backend
from labkit.errors import BackendError, LabError
from labkit.image import LabImage
from labkit.process import HostClock
from labkit.records import SLOW_ENGINES, BackendInfo, Limits
from labkit.seen import lines, probe
from labkit.seen.facts import ATTEMPTS, FACTS, Kind, Seen, SightManifest
from labkit.seen.kept import digest
from labkit.timeline import Timeline

HOST = "host"


@dataclass(frozen=True)
class Sight:
    """What was seen: where and when, and the answers, a row each with the fields of `Seen`."""

    manifest: SightManifest
    answers: tuple[Seen, ...]

    @property
    def frame(self) -> pd.DataFrame:
        return tables.frame(self.answers, Seen)


def look(backends: Sequence[str] | None = None, *, progress: bool = True) -> Sight:
    """Starts each backend once and asks the probe. The host is always looked at, first: what an
    instance shares with it can only be told beside it.

    Without backends: all that can run here quickly. BackendError where none of those that are
    named can be looked at; what fails beside others has its reason in the manifest.
    """
    names = list(dict.fromkeys([HOST, *(expand(backends) if backends else _quick())]))
    chosen = {name: make_backend(name) for name in names}
    built = image.build(progress=progress)
    answers: list[Seen] = []
    infos: dict[str, BackendInfo] = {}
    left_out: dict[str, str] = {}
    try:
        for name in tqdm(chosen, unit="backend", disable=not progress, leave=False):
            try:
                infos[name], found = _look_behind(chosen[name], built)
                answers += found
            except LabError as error:
                left_out[name] = str(error)
    finally:
        orphans.sweep(chosen.values(), mine=True)
    _require(set(names) - {HOST} or {HOST}, left_out)
    return Sight(_manifest(built, infos, left_out, answers), tuple(answers))


def _quick() -> list[str]:
    """What can run here, starts from nothing, and is not interpreted."""
    built = image.find()
    ready = [make_backend(name) for name in planning.available()]
    return [b.name for b in ready if b.start == "cold" and b.engine(built) not in SLOW_ENGINES]


def _look_behind(backend: Backend, built: LabImage) -> tuple[BackendInfo, list[Seen]]:
    if missing := backend.missing():
        raise BackendError(missing.reason, resolution=missing.fix)
    info = backend.info(built)
    backend.prepare(built)
    limits = Limits()
    with (
        backend.saved_state(built, limits),
        backend.launch(built, limits, Timeline(HostClock())) as instance,
    ):
        instance.wait_ready()
        found, spared = probe.ask(instance, probe.host_view())
        instance.stop()
    return info, records(backend.name, info, found, spared)


def records(
    backend: str, info: BackendInfo, found: dict[str, str], spared: dict[str, str]
) -> list[Seen]:
    """The probe's answers as records, in the order of the lists; `spared`: why what was not tried
    was not."""

    def row(kind: Kind, name: str, value: str | None, said: str | None) -> Seen:
        return Seen(
            backend=backend,
            family=info.family,
            engine=info.engine,
            kind=kind,
            name=name,
            value=value,
            said=said,
        )

    rows = [row("fact", name, found[name] or None, None) for name in FACTS]
    for name in ATTEMPTS:
        outcome, said = lines.outcome(name, found[lines.TRY + name])
        said = spared[name] if outcome == "not tried" else said
        rows.append(row("attempt", name, outcome, said or None))
    return rows


def _manifest(
    built: LabImage, infos: dict[str, BackendInfo], left_out: dict[str, str], answers: list[Seen]
) -> SightManifest:
    return SightManifest(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        labkit_version=version("labkit"),
        host=host.inspect(),
        image_digest=built.digest,
        backends=infos,
        left_out=left_out,
        answers_digest=digest(answers),
    )


def _require(wanted: set[str], left_out: dict[str, str]) -> None:
    if wanted <= set(left_out):
        reasons = "\n".join(f"{name}: {left_out[name]}" for name in sorted(wanted))
        raise BackendError("nothing could be looked at", details=reasons)
