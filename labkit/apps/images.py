"""Apps as files at rest: images of Docker's, one for each release, by their labels and tags."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker

from labkit.backends.docker import store
from labkit.backends.docker.client import command, daemon_errors
from labkit.backends.docker.containers import OWNER_LABEL
from labkit.backends.docker.store import CLAIM
from labkit.system.owner_marks import owner
from labkit.system.ownership import Judge
from labkit.system.signals import uninterrupted

APP_LABEL = "org.labkit.app"


def repository(app: str) -> str:
    return f"labkit/app-{app}"


class AppImages:
    """The releases of apps in the daemon's store, and who is deploying them."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    def load(self, archive: Path) -> None:
        store.load_archive(self._client, archive)

    def releases(self, app: str, *, ours: bool = True) -> list[int]:
        """The releases whose images are there, oldest first. With `ours` false, also what the user
        has put under such a name."""
        return sorted(int(tag) for tag in self._tags(app, ours=ours) if tag.isdecimal())

    def claims(self, app: str) -> list[str]:
        """The marks of those that are deploying it, or were killed while they did."""
        return [tag.removeprefix(CLAIM) for tag in self._tags(app) if tag.startswith(CLAIM)]

    @contextmanager
    def claimed(self, app: str, release: int) -> Iterator[None]:
        """Says that this process is deploying a release, to whoever tidies up meanwhile."""
        claim = f"{CLAIM}{owner()}"
        try:
            with daemon_errors("mark the app's image"), uninterrupted():
                self._client.images.get(f"{repository(app)}:{release}").tag(repository(app), claim)
            yield
        finally:
            self.forget(app, claim)

    def forget(self, app: str, tag: int | str) -> None:
        """Removes a tag, and the image with its last one; layers go with their last image."""
        if str(tag) in self._tags(app):
            self.remove(f"{repository(app)}:{tag}")

    def forget_all(self, app: str) -> list[int]:
        """Removes the app's releases and claims; which releases that were."""
        releases = self.releases(app)
        for tag in self.tags(app):
            self.forget(app, tag)
        return releases

    def tags(self, app: str) -> list[str]:
        """Those of its releases and claims; a user may have given its images others."""
        return [tag for tag in self._tags(app) if tag.isdecimal() or tag.startswith(CLAIM)]

    def build(self, folder: Path, tag: str) -> None:
        """Builds the Dockerfile in a folder; nothing is pulled."""
        with daemon_errors("build the image"):
            self._client.images.build(
                path=str(folder), tag=tag, rm=True, forcerm=True, labels={OWNER_LABEL: owner()}
            )

    def remove(self, tag: str) -> None:
        store.remove_tag(self._client, tag)

    def left(self, judge: Judge) -> list[str]:
        """The tags of images that were built for a lab, and that the judge takes. The mark is in
        each: an image that a user has made of such an image has its label, too."""
        with daemon_errors("list the images"):
            images = self._client.images.list(filters={"label": OWNER_LABEL})
        tags = ((tag, image.labels[OWNER_LABEL]) for image in images for tag in image.tags)
        return [
            tag
            for tag, mark in tags
            if tag.startswith("labkit/")
            and mark in tag
            and judge.takes(mark, f"image {tag}", command("rmi", tag))
        ]

    def _tags(self, app: str, *, ours: bool = True) -> list[str]:
        prefix = f"{repository(app)}:"
        filters = {"label": f"{APP_LABEL}={app}"} if ours else None
        with daemon_errors("list the app's images"):
            images = self._client.images.list(repository(app), filters=filters)
        tags = [tag for image in images for tag in image.tags]
        return [tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)]
