"""What the name of a backend tells: whether it runs an image of the user's own, which bits, within
which limits."""

from __future__ import annotations

import re
from pathlib import PurePath

from labkit.guest.workload import all_workloads
from labkit.recordings.facts import DISK_FORMAT, DISK_FORMATS, LIMITS, Limits

# ready: when it counts as ready. bits: the user's word that images with the same one hold the same
# program in the same version, so that their figures may be set in relation.
OWN = ("ready", "bits")
# A file with a machine's disk, whatever its format: also an OVA, of which the second one is meant.
DISK = ("disk", "ova")
# What is measured of it while it works on nothing that we have asked for.
IDLE = "idle"
NO_AGENT = (
    "an image without the lab's agent runs no workload; its start, its memory and what it costs "
    "while idle are measured from outside"
)
UNSUPPORTED = {name: NO_AGENT for name in all_workloads() if name != IDLE}
UNSUPPORTED["resumed start"] = "only the lab image's agent can be met again after a pause"
# A file's name may hold all that looks like a setting but these.
_AFTER = rf"(?=:(?:bus|card|engine|seed|{'|'.join((*OWN, *LIMITS))})=|$)"
_PLACE = re.compile(rf":(image|{'|'.join(DISK)})=(.+?){_AFTER}")
_NAMED = re.compile(rf":(image|seed|{'|'.join(DISK)})=(.+?){_AFTER}")
_DISTRIBUTION = ":distribution="
_BITS = re.compile(r":bits=(\w+)")
_LIMIT = re.compile(rf":({'|'.join(LIMITS)})=(\d+)")
_FORMAT = re.compile(rf":{DISK_FORMAT}=({'|'.join(DISK_FORMATS)})(?=:|$)")


def is_own(backend: str) -> bool:
    """Whether a backend of this name runs an image of the user's own."""
    return _PLACE.search(backend) is not None


def is_installed(backend: str) -> bool:
    """Whether a backend of this name runs the distribution that the lab has installed."""
    return _DISTRIBUTION in backend


def has_agent(backend: str) -> bool:
    """Whether it runs the lab image, whose agent says when it is ready."""
    return not is_own(backend) and not is_installed(backend)


def short(backend: str) -> str:
    """The name for a heading: without the condition that it waits for, docker:booted of the form of
    a distribution."""
    if is_installed(backend):
        return backend.replace(_DISTRIBUTION, ":")
    return backend.partition(":ready=")[0] if is_own(backend) else backend


def without_folders(backend: str) -> str:
    """The name, of files and folders of the user's only what they themselves are called."""

    def shown(match: re.Match[str]) -> str:
        word, place = match[1], match[2]
        if word != "image":
            return f":{word}={PurePath(place).name}"
        return f":image=./{PurePath(place).name}" if is_folder(place) else match[0]

    return _NAMED.sub(shown, backend)


def is_folder(image: str) -> bool:
    """Whether a setting `image=` names a folder, and no image: no image's name begins so."""
    return image in (".", "..") or image.startswith(("/", "./", "../", "~/"))


def within(backend: str, limits: Limits) -> Limits:
    """As Backend.within, of a recording's backends too."""
    own = own_limits(backend)
    return limits.model_copy(update={LIMITS[word]: value for word, value in own.items()})


def own_limits(backend: str) -> dict[str, int]:
    """What its name limits it to: setting → value."""
    return {name: int(value) for name, value in _LIMIT.findall(backend)}


def swept(backend: str) -> tuple[str, dict[str, int | str]]:
    """The name without what a sweep has put into it, and that: setting → value, which is a number,
    or the format of a disk."""
    base = _FORMAT.sub("", _LIMIT.sub("", backend))
    found = _FORMAT.search(backend)
    return base, own_limits(backend) | ({DISK_FORMAT: found[1]} if found else {})


def rank(value: int | str) -> int:
    """Where a value stands on its axis."""
    return DISK_FORMATS.index(value) if isinstance(value, str) else value


def bits(backend: str) -> str:
    """What a backend runs: figures of different bits are not set in relation. Empty: the lab
    image. One file is the same disk behind each boundary, and one image the same within any limits;
    of a file and an image only their user knows it."""
    if is_installed(backend):
        return "distribution"
    if (word := _BITS.search(backend)) is not None:
        return word[1]
    place = _PLACE.search(backend)
    return f"{'image' if place[1] == 'image' else 'disk'} {place[2]}" if place else ""
