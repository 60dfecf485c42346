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
    found = [
        Difference(name, _shown(name, first), _shown(name, second))
        for name in Host.model_fields
        if name not in PASSING
    ]
    return [difference for difference in found if difference.first != difference.second]


def _shown(name: str, host: Host) -> str:
    """A fact in words. Another kernel keeps some pages more for itself: no other memory."""
    value = getattr(host, name)
    return f"{value / 1024**3:.1f} GiB" if name == "memory_bytes" else str(value)


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
    one, two = _settings(first), _settings(second)
    found += [
        Difference(f"settings of {name}", one[name] or "none", two[name] or "none")
        for name in one
        if name in two
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


def plan_differences(first: Manifest, second: Manifest) -> list[Difference]:
    """What was done otherwise, and still leaves rates and ratios comparable."""
    one, two = first.plan, second.plan
    found = [
        Difference("seconds of each workload", f"{one.seconds:g}", f"{two.seconds:g}"),
        Difference("labkit", first.labkit_version, second.labkit_version),
    ]
    return [difference for difference in found if difference.first != difference.second]


def engine_changes(first: Manifest, second: Manifest) -> list[str]:
    """Backends that both runs have, under another engine: "qemu: kvm → tcg"."""
    return [
        f"{name}: {info.engine} → {second.backends[name].engine}"
        for name, info in first.backends.items()
        if name in second.backends and second.backends[name].engine != info.engine
    ]


def _settings(manifest: Manifest) -> dict[str, str]:
    """Workload → its settings, such as "mib=64" of "ballast:mib=64"."""
    parts = [text.partition(":") for text in manifest.plan.workloads]
    return {name: settings for name, _, settings in parts}


def _limits(manifest: Manifest) -> str:
    limits = manifest.plan.limits
    return f"{limits.cpus} CPU, {limits.memory_mib} MiB"
