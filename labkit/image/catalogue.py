"""Finds packages in the suites' indexes by name and by what they provide, with what they need.

An index has sixty thousand paragraphs: one pass over its text notes where each begins, and only
those that are asked for are parsed. Relations between packages: Debian Policy, chapter 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labkit.image.index import Package, read_paragraph
from labkit.image.suites import Index

if TYPE_CHECKING:
    from debian.deb822 import Deb822

_OPERATORS: Mapping[str, Callable[[int], bool]] = {
    "<<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    "=": lambda order: order == 0,
    ">=": lambda order: order >= 0,
    ">>": lambda order: order > 0,
}


@dataclass(frozen=True)
class Relation:
    """What one package says of another: its name, and maybe which versions of it."""

    name: str
    operator: str = ""
    version: str = ""

    def fits(self, version: str) -> bool:
        """Whether such a version is meant (deb-version(7))."""
        if not self.operator:
            return True
        from debian.debian_support import version_compare

        return _OPERATORS[self.operator](version_compare(version, self.version))

    def __str__(self) -> str:
        return f"{self.name} ({self.operator} {self.version})" if self.operator else self.name


@dataclass(frozen=True)
class Candidate:
    """A package that could be taken. `depends`: of each group one must be there, the first that
    can be had; `excludes`: what must not be there with it (Conflicts, Breaks)."""

    package: Package
    depends: tuple[tuple[Relation, ...], ...] = ()
    excludes: tuple[Relation, ...] = ()
    provides: tuple[Relation, ...] = ()

    @property
    def name(self) -> str:
        return self.package.name

    def is_meant_by(self, relation: Relation) -> bool:
        """Whether it is the package of that name and version, or provides it."""
        if relation.name == self.name:
            return relation.fits(self.package.version)
        return any(
            relation.name == one.name
            # A name that is provided without a version fits no relation with one (Policy 7.5).
            and (not relation.operator or (bool(one.version) and relation.fits(one.version)))
            for one in self.provides
        )


class Catalogue:
    """All packages of several suites; of one in several versions, the newest."""

    def __init__(self, indexes: Sequence[Index]) -> None:
        self._indexes = indexes
        self._found: dict[str, Candidate | None] = {}

    def find(self, name: str) -> Candidate | None:
        """The package of this name; None where there is none."""
        if name not in self._found:
            self._found[name] = max(self._versions(name), key=_by_version, default=None)
        return self._found[name]

    def meant_by(self, relation: Relation) -> Candidate | None:
        """The package of that name where its version fits, else the first that provides it."""
        names = [relation.name, *sorted(self._providers.get(relation.name, ()))]
        candidates = (self.find(name) for name in names)
        return next((one for one in candidates if one and one.is_meant_by(relation)), None)

    @property
    def names(self) -> list[str]:
        return sorted({name for places in self._places for name in places})

    @cached_property
    def _places(self) -> list[dict[str, list[int]]]:
        """For each index: name → where its paragraphs begin."""
        found: list[dict[str, list[int]]] = []
        for index in self._indexes:
            places: dict[str, list[int]] = {}
            for match in re.finditer(rb"^Package: (\S+)$", index.packages, re.MULTILINE):
                places.setdefault(match[1].decode(), []).append(match.start())
            found.append(places)
        return found

    @cached_property
    def _providers(self) -> dict[str, set[str]]:
        """Name → the packages that provide it."""
        found: dict[str, set[str]] = {}
        pattern = re.compile(rb"^(?:Package: (\S+)|Provides: (.+))$", re.MULTILINE)
        for index in self._indexes:
            name = ""
            for match in pattern.finditer(index.packages):
                if match[1]:
                    name = match[1].decode()
                    continue
                for provided in match[2].decode().split(","):
                    found.setdefault(provided.split("(")[0].strip(), set()).add(name)
        return found

    def _versions(self, name: str) -> Iterator[Candidate]:
        for index, places in zip(self._indexes, self._places, strict=True):
            for start in places.get(name, ()):
                fields = read_paragraph(index.packages, start)
                yield _candidate(name, fields, index.mirror)


def _by_version(candidate: Candidate) -> Any:
    from debian.debian_support import Version

    return Version(candidate.package.version)


def _candidate(name: str, fields: Deb822, mirror: str) -> Candidate:
    return Candidate(
        package=Package.of_paragraph(name, fields, mirror),
        depends=(*relations(fields, "Pre-Depends"), *relations(fields, "Depends")),
        excludes=tuple(
            one for field in ("Conflicts", "Breaks") for (one,) in relations(fields, field)
        ),
        provides=tuple(one for (one,) in relations(fields, "Provides")),
    )


def relations(fields: Deb822, field: str) -> tuple[tuple[Relation, ...], ...]:
    """The groups of a field; of each, the alternatives in their order."""
    from debian.deb822 import PkgRelation

    text = fields.get(field, "")
    if not text:
        return ()
    return tuple(
        tuple(Relation(one["name"], *(one["version"] or ())) for one in group)
        for group in PkgRelation.parse_relations(text)
    )
