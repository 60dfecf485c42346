"""Whether the figures of two recordings may stand side by side, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass

from labkit.errors import UsageError
from labkit.recordings.manifest import Manifest
from labkit.system.host import Host
from labkit.units import GIB

# What changes from one moment to the next and says nothing about the computer.
PASSING = frozenset({"load_1m"})
# What older labs have not asked: only what both tell counts.
UNASKED = frozenset({"nice", "policy"})


@dataclass(frozen=True)
class Difference:
    """One fact that is not the same in two recordings, in words."""

    what: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.what}: {self.first} and {self.second}"


def host_differences(first: Host, second: Host) -> list[Difference]:
    """The facts of two computers that are not the same."""
    compared = [
        Difference(name, _shown(name, first), _shown(name, second))
        for name in Host.model_fields
        if name not in PASSING
        and not (name in UNASKED and None in (getattr(first, name), getattr(second, name)))
    ]
    return [difference for difference in compared if difference.first != difference.second]


def _shown(name: str, host: Host) -> str:
    """A fact in words. Another kernel keeps some pages more for itself: no other memory."""
    value = getattr(host, name)
    return f"{value / GIB:.1f} GiB" if name == "memory_bytes" else str(value)


def obstacles(first: Manifest, second: Manifest) -> list[Difference]:
    """Why figures of two recordings may not be compared: other bits, other work, another engine.
    Only what both have counts. An experiment adds what its plan holds."""
    compared = [Difference("lab image", first.image_digest[:12], second.image_digest[:12])]
    compared += [
        Difference(f"package {name}", version, second.packages[name])
        for name, version in first.packages.items()
        if name in second.packages
    ]
    compared += [
        Difference(f"workload {name}", digest[:12], second.workload_digests[name][:12])
        for name, digest in first.workload_digests.items()
        if name in second.workload_digests
    ]
    compared += [
        Difference(f"engine of {name}", info.engine, second.backends[name].engine)
        for name, info in first.backends.items()
        if name in second.backends
    ]
    return [difference for difference in compared if difference.first != difference.second]


def version_differences(first: Manifest, second: Manifest) -> list[Difference]:
    """Backends that both recordings have, in another version."""
    return [
        Difference(name, info.version, second.backends[name].version)
        for name, info in first.backends.items()
        if name in second.backends and second.backends[name].version != info.version
    ]


def configuration_differences(first: Manifest, second: Manifest) -> list[Difference]:
    """How the programs behind backends that both recordings have were set up. Only what both tell
    counts: an older lab has not asked."""
    return [
        Difference(f"{name}, {fact}", value, two[fact])
        for name, info in first.backends.items()
        if name in second.backends
        for two in [second.backends[name].configuration]
        for fact, value in info.configuration.items()
        if two.get(fact, value) != value
    ]


def engine_changes(first: Manifest, second: Manifest) -> list[str]:
    """Backends that both recordings have, under another engine: "qemu: kvm → tcg"."""
    return [
        f"{name}: {info.engine} → {second.backends[name].engine}"
        for name, info in first.backends.items()
        if name in second.backends and second.backends[name].engine != info.engine
    ]


def require_same(before: Manifest, now: Manifest) -> None:
    """UsageError where a recording cannot be resumed: it holds what was measured under the same
    conditions."""
    differences = [
        *host_differences(before.host, now.host),
        *obstacles(before, now),
        *version_differences(before, now),
        *configuration_differences(before, now),
        *_other_versions(before, now),
    ]
    if differences:
        raise UsageError(
            f"the recording {before.recording_id} cannot be resumed here: not all is as it was",
            details="\n".join(map(str, differences)),
            resolution="begin a new one; what was measured is kept",
        )


def _other_versions(before: Manifest, now: Manifest) -> list[Difference]:
    """The lab's own version, and those of the programs that both name."""
    compared = [Difference("labkit", before.labkit_version, now.labkit_version)]
    compared += [
        Difference(name, version, now.versions[name])
        for name, version in before.versions.items()
        if name in now.versions
    ]
    return [difference for difference in compared if difference.first != difference.second]
