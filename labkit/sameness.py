"""Whether the figures of two runs may stand side by side, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass

from labkit.records import Host, Manifest

# What changes from one moment to the next and says nothing about the computer.
PASSING = frozenset({"load_1m"})


@dataclass(frozen=True)
class Difference:
    """One fact that is not the same in two runs, in words."""

    what: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.what}: {self.first} and {self.second}"


def host_differences(first: Host, second: Host) -> list[Difference]:
    """The facts of two computers that are not the same."""
    return [
        Difference(name, str(getattr(first, name)), str(getattr(second, name)))
        for name in Host.model_fields
        if name not in PASSING and getattr(first, name) != getattr(second, name)
    ]


def obstacles(first: Manifest, second: Manifest) -> list[Difference]:
    """Why figures of two runs may not be compared: other bits, other work, another engine, other
    limits. Only what both runs have counts."""
    found = [Difference("lab image", first.image_digest[:12], second.image_digest[:12])]
    found += [
        Difference(f"workload {name}", digest[:12], second.workload_digests[name][:12])
        for name, digest in first.workload_digests.items()
        if name in second.workload_digests
    ]
    found += [
        Difference(f"engine of {name}", info.engine, second.backends[name].engine)
        for name, info in first.backends.items()
        if name in second.backends
    ]
    found.append(Difference("limits", _limits(first), _limits(second)))
    return [difference for difference in found if difference.first != difference.second]


def version_differences(first: Manifest, second: Manifest) -> list[Difference]:
    """Backends that both runs have, in another version."""
    return [
        Difference(name, info.version, second.backends[name].version)
        for name, info in first.backends.items()
        if name in second.backends and second.backends[name].version != info.version
    ]


def _limits(manifest: Manifest) -> str:
    limits = manifest.plan.limits
    return f"{limits.cpus} CPU, {limits.memory_mib} MiB"
