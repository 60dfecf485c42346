"""The lab image in the Docker daemon's store: loaded once; those that it supersedes make way.

Each lab image has a tag of its own, so that labs of several versions can run side by side. A lab
holds a lock for as long as it lives on the image that it relies on, flock(2), since between two
trials there is no container by which the daemon could tell.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress

import docker
from docker.errors import ImageNotFound
from docker.models.images import Image

from labkit.backends.docker_client import DAEMON_ERRORS
from labkit.image import LabImage
from labkit.image.container import LABEL, REPOSITORY
from labkit.paths import state_dir

_DIGEST = re.compile(r"[0-9a-f]{64}")
# Digest → the descriptor that holds its lock until this process ends.
_held: dict[str, int] = {}


def load(client: docker.DockerClient, image: LabImage) -> None:
    """Loads the lab image, unless that very image is there; after that, nobody needs others."""
    if image.digest not in _held and (lock := _lock(image.digest, fcntl.LOCK_SH)) is not None:
        _held[image.digest] = lock
    if not has_image(client, image):
        with image.container_tar.open("rb") as tar:
            client.images.load(tar)
        remove_superseded(client, image.digest)


def has_image(client: docker.DockerClient, image: LabImage) -> bool:
    """By tag and label: an image's id is one thing in Docker's own store (the digest of its
    configuration) and another in containerd's (the digest of its manifest)."""
    with suppress(ImageNotFound):
        return digest_of(client.images.get(image.container_tag)) == image.digest
    return False


def digest_of(image: Image) -> str:
    """Of the lab image that this is; empty for any other."""
    return str(image.labels.get(LABEL, ""))


def remove_superseded(client: docker.DockerClient, digest: str) -> None:
    """Removes the lab images with another digest, but for those that a lab or a container still
    uses. What the daemon refuses stays: the next image that is loaded brings another chance."""
    with suppress(*DAEMON_ERRORS):
        for old in client.images.list(REPOSITORY, filters={"label": LABEL}):
            if digest_of(old) != digest:
                _remove_unused(client, old)


def _remove_unused(client: docker.DockerClient, old: Image) -> None:
    lock = _lock(digest_of(old), fcntl.LOCK_EX | fcntl.LOCK_NB)
    if lock is None:
        return
    try:
        for tag in old.tags:
            if tag.startswith(f"{REPOSITORY}:"):
                with suppress(*DAEMON_ERRORS):  # not forced: a container may be made of it
                    client.images.remove(tag)
    finally:
        os.close(lock)


def _lock(digest: str, how: int) -> int | None:
    """The descriptor that holds the lock; None where it is not to be had. Its file is empty, and
    stays: removed, it could be locked twice."""
    if not _DIGEST.fullmatch(digest):
        return None
    file = state_dir() / "docker-images" / digest[:12]
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor
    return None
