"""Which packages an image needs: those that are asked for, and all that these depend on.

A small resolver over the lab's own verified indexes, and not apt: apt as a plain user with a root
of its own does the same, but only where it is installed (never on macOS, nor on a Linux without
it), and by the settings of the computer. One stable release of Debian is consistent in itself, so
a search is not needed: the first alternative that can be had is taken, as debootstrap(8) does. What
it costs: where two packages exclude each other, no other alternative is tried; that is told.
Recommended packages are left out, and so are essential ones that nobody names: the shell is
busybox's.
"""

from __future__ import annotations

import difflib
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from labkit.errors import ImageError, UsageError
from labkit.image.catalogue import Candidate, Catalogue, Relation
from labkit.image.index import Package

# What each such root has: users and groups, the release's name; and it is merged (see programs.py).
BASE = ("base-files", "base-passwd", "usr-is-merged")

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")  # Debian Policy, 5.6.1


def package_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names in order, each once. UsageError for what cannot be one."""
    wanted = sorted(set(names))
    for name in wanted:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is no name of a Debian package",
                details="it has small letters, digits, and + - . only",
                resolution="such as: labkit image build --packages nginx,fio",
            )
    return tuple(wanted)


def closure(names: Sequence[str], catalogue: Catalogue) -> dict[str, Package]:
    """Name → package, of these and of all that they depend on, in alphabetical order. ImageError
    says which cannot be had, and which exclude each other."""
    chosen: dict[str, Candidate] = {}
    for name in (*BASE, *names):
        found = catalogue.meant_by(Relation(name))
        if found is None:
            raise _unknown(name, catalogue)
        chosen[found.name] = found
    waiting = deque(sorted(chosen))
    while waiting:
        candidate = chosen[waiting.popleft()]
        for group in candidate.depends:
            if _is_met(group, chosen):
                continue
            needed = _first(group, catalogue)
            if needed is None:
                raise _unmet(candidate, group)
            chosen[needed.name] = needed
            waiting.append(needed.name)
    _check_together(chosen)
    return {name: chosen[name].package for name in sorted(chosen)}


def _is_met(group: Sequence[Relation], chosen: Mapping[str, Candidate]) -> bool:
    return any(one.name in chosen and chosen[one.name].is_meant_by(one) for one in group) or any(
        candidate.is_meant_by(one) for one in group for candidate in chosen.values()
    )


def _first(group: Sequence[Relation], catalogue: Catalogue) -> Candidate | None:
    candidates = (catalogue.meant_by(one) for one in group)
    return next((one for one in candidates if one), None)


def _check_together(chosen: Mapping[str, Candidate]) -> None:
    """A package that provides what it excludes means others only (Policy 7.4)."""
    for candidate in chosen.values():
        for relation in candidate.excludes:
            for other in chosen.values():
                if other is not candidate and other.is_meant_by(relation):
                    raise ImageError(
                        f"the packages {candidate.name} and {other.name} cannot be in one image",
                        details=f"{candidate.name} excludes {relation}, which {other.name} "
                        f"({other.package.version}) is",
                        resolution="build two images, one with each of them",
                    )


def _unknown(name: str, catalogue: Catalogue) -> ImageError:
    close = difflib.get_close_matches(name, catalogue.names, n=3)
    return ImageError(
        f"Debian has no package {name}",
        details="neither its release nor its security updates list it, in the section main",
        resolution=f"did you mean: {', '.join(close)}?"
        if close
        else "look for its name at https://packages.debian.org",
    )


def _unmet(candidate: Candidate, group: Sequence[Relation]) -> ImageError:
    return ImageError(
        f"the package {candidate.name} cannot be had",
        details=f"it needs {' or '.join(map(str, group))}, which the mirror does not list",
        resolution="the mirror may be in mid-update; try again later: labkit image build --refresh",
    )
