"""The lab image in the Docker daemon's store: loaded once; those that it supersedes make way.

Each lab image has a tag of its own, so that labs of several versions can run side by side. One
that relies on an image claims it by a further tag, which names its owner: between two trials
there is no container by which the daemon could tell, and a lab in a container, or on another
computer, shares the daemon and nothing else.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import ImageNotFound
from docker.models.images import Image

from labkit.backends.docker.client import DAEMON_ERRORS, command, connected, daemon_errors
from labkit.image import LabImage
from labkit.image.container import LABEL, REPOSITORY
from labkit.system.owner_marks import owner
from labkit.system.ownership import Judge
from labkit.system.signals import uninterrupted

# A tag of an image for as long as somebody relies on it: who does.
CLAIM = "by-"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Kind:
    """Images of one kind: their repository, and the label that has an image's digest."""

    repository: str
    label: str

    def tag(self, digest: str) -> str:
        return f"{self.repository}:{digest[:12]}"


LAB_IMAGES = Kind(REPOSITORY, LABEL)
DISTRIBUTIONS = Kind("labkit/distribution", "org.labkit.distribution")
BUILT_LABEL = "org.labkit.built"


def built(digest: str) -> Kind:
    """Images built of one folder of the user's, by the digest of its path: each folder has a
    repository of its own, for a lab may claim the images of several."""
    return Kind(f"labkit/own-{digest[:12]}", BUILT_LABEL)


def all_kinds(client: docker.DockerClient) -> set[Kind]:
    return {LAB_IMAGES, DISTRIBUTIONS, *_built_kinds(client)}


def _built_kinds(client: docker.DockerClient) -> set[Kind]:
    """Those of all folders of which images are there."""
    # By the list alone: an image that is asked for by itself may be gone meanwhile.
    listed = client.api.images(filters={"label": BUILT_LABEL})
    digests = (str((image["Labels"] or {}).get(BUILT_LABEL, "")) for image in listed)
    return {built(digest) for digest in digests if _DIGEST.fullmatch(digest)}


def remove_built() -> list[str]:
    """The tags of images built of folders that are removed: what no lab that may live relies on.
    None where there is no daemon."""
    with suppress(*DAEMON_ERRORS), connected(timeout=60) as client:
        return [
            tag
            for kind in _built_kinds(client)
            for image in client.images.list(kind.repository, filters={"label": kind.label})
            for tag in remove_unused(client, image, kind)
        ]
    return []


def load(client: docker.DockerClient, image: LabImage) -> None:
    """Loads the lab image, unless that very image is there; after that, nobody needs others."""
    loaded = False
    for _ in range(3):  # another lab may just have removed it
        if claim(client, image.digest):
            break
        with image.container_tar.open("rb") as tar:
            client.images.load(tar)
        loaded = True
    if loaded:
        remove_superseded(client, image.digest)


def load_archive(client: docker.DockerClient, archive: Path) -> None:
    """Puts an image into the daemon's store. Not to be broken off: the daemon would go on."""
    with daemon_errors("load the image"), uninterrupted(), archive.open("rb") as tar:
        client.images.load(tar)


def remove_tag(client: docker.DockerClient, tag: str) -> None:
    """Takes a tag away, and with its last one the image; layers go with their last image."""
    with daemon_errors("remove the image"), suppress(ImageNotFound):
        client.images.remove(tag, force=True)


def digest_of(image: Image, kind: Kind = LAB_IMAGES) -> str:
    """The digest of an image of the lab's; empty for any other image."""
    return str(image.labels.get(kind.label, ""))


def remove_superseded(client: docker.DockerClient, digest: str, kind: Kind = LAB_IMAGES) -> None:
    """Removes the images with another digest, but for those that a lab or a container still uses.
    What the daemon refuses stays: the next image that is loaded brings another chance."""
    with suppress(*DAEMON_ERRORS):
        for old in client.images.list(kind.repository, filters={"label": kind.label}):
            own = digest_of(old, kind)
            if _DIGEST.fullmatch(own) and own != digest:
                remove_unused(client, old, kind)


def drop_claims(client: docker.DockerClient, judge: Judge, kind: Kind = LAB_IMAGES) -> None:
    """Takes the claims back of labs that the judge takes; the images stay for the next one."""
    for image in client.images.list(kind.repository, filters={"label": kind.label}):
        for tag, mark in _claims(image, kind).items():
            if judge.takes(mark, f"a claim on an image of the lab's, {tag}", command("rmi", tag)):
                with suppress(*DAEMON_ERRORS):
                    client.images.remove(tag)


def claim(client: docker.DockerClient, digest: str, kind: Kind = LAB_IMAGES) -> bool:
    """Whether the image is there, by tag and label, and claimed by this process from now on. An
    image's id is one thing in Docker's own store (the digest of its configuration) and another in
    containerd's (the digest of its manifest)."""
    with suppress(ImageNotFound):  # also where it goes at the last moment
        image = client.images.get(kind.tag(digest))
        if digest_of(image, kind) == digest:
            image.tag(kind.repository, f"{CLAIM}{owner()}")
            return True
    return False


def remove_unused(client: docker.DockerClient, old: Image, kind: Kind) -> list[str]:
    """The tags that are gone: those that the lab has given it, unless a lab that may live relies
    on it. A user's own image that is made of an image of the lab's has its label, too."""
    judge, claims = Judge(), _claims(old, kind)
    if not all(judge.takes(mark, tag) for tag, mark in claims.items()):
        return []
    own, gone = {*claims, kind.tag(digest_of(old, kind))}, []
    for tag in [tag for tag in old.tags if tag in own]:
        with suppress(*DAEMON_ERRORS):  # not forced: a container may be made of it
            client.images.remove(tag)
            gone.append(tag)
    return gone


def _claims(image: Image, kind: Kind) -> dict[str, str]:
    """The tags by which an image is claimed, and the marks of those that do."""
    prefix = f"{kind.repository}:{CLAIM}"
    return {tag: tag.removeprefix(prefix) for tag in image.tags if tag.startswith(prefix)}
