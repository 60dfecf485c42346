"""Which of Debian's packages an image with programs takes: what was once looked up is kept in the
cache for each choice of names, so that a later build needs no network and makes the same image."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.image.architecture import AMD64, Architecture
from labkit.image.catalogue import Catalogue
from labkit.image.closure import closure
from labkit.image.debs import Suites
from labkit.image.index import Package
from labkit.system import plain_files


@dataclass(frozen=True)
class Programs:
    """The names that were asked for, the packages that these need, themselves among them, and for
    each suite how far its signature was verified."""

    names: tuple[str, ...]
    packages: dict[str, Package]
    signatures: dict[str, str]

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> Programs:
        """Those of an image that was built: see `provenance`."""
        packages = {
            name: Package(name, package["version"], package["sha256"], size=0, url="")
            for name, package in record["packages"].items()
        }
        return cls(tuple(record["names"]), packages, dict(record["signatures"]))

    def provenance(self) -> dict[str, Any]:
        """What an image's record says of them."""
        return {
            "names": list(self.names),
            "packages": {
                name: {"version": package.version, "sha256": package.sha256}
                for name, package in self.packages.items()
            },
            "signatures": self.signatures,
        }


def look_up(names: Sequence[str], suites: Suites) -> Programs:
    """The newest packages of these names with all that they depend on."""
    packages = closure(names, Catalogue(suites.indexes))
    return Programs(tuple(names), packages, dict(suites.signatures))


def pins_name(names: Sequence[str], architecture: Architecture) -> str:
    """The name of the file for this choice."""
    key = hashlib.sha256(",".join(names).encode()).hexdigest()[:12]
    suffix = "" if architecture == AMD64 else f"-{architecture.name}"
    return f"programs-{key}{suffix}.json"


def load(names: Sequence[str], file: Path) -> Programs | None:
    """Those of an earlier look-up, or None; a damaged file counts as none."""
    try:
        content = plain_files.read_json(file)
        packages = {name: Package(**fields) for name, fields in content["packages"].items()}
        found = Programs(tuple(content["names"]), packages, dict(content["signatures"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if found.names == tuple(names) else None
