"""Superseded lab images, on a daemon of one's own: the shared one's are in use."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from labkit.backends.docker import store
from labkit.backends.docker.client import connected
from labkit.image import LabImage
from labkit.image.architecture import AMD64
from labkit.image.container import REPOSITORY, write_container
from labkit.image.lab_image import image_in
from labkit.image.rootfs import Entry
from labkit.system.owner_marks import owner
from labkit.system.ownership import Judge

pytestmark = pytest.mark.docker


def small_image(folder: Path, digest: str) -> LabImage:
    folder.mkdir()
    entries = [Entry("file", 0o100644, digest.encode())]
    container_id, tag = write_container(entries, digest, AMD64, folder / "container.tar")
    record = {"digest": digest, "container_id": container_id, "container_tag": tag}
    return image_in(folder, record | {"command_line": "", "kernel_version": ""})


def test_a_superseded_image_goes_unless_a_container_is_made_of_it(
    own_daemon: psutil.Process, tmp_path: Path
) -> None:
    used, superseded, new = (small_image(tmp_path / d, d * 64) for d in "abc")
    with connected() as client:
        for image in (used, superseded):
            with image.container_tar.open("rb") as tar:
                client.images.load(tar)
        container = client.containers.create(used.container_tag, "x", network_mode="none")
        store.load(client, new)
        kept = {store.digest_of(image) for image in client.images.list(REPOSITORY)}
        assert kept == {used.digest, new.digest}
        container.remove()
        store.remove_superseded(client, new.digest)
        (left,) = client.images.list(REPOSITORY)
        assert set(left.tags) == {new.container_tag, f"{REPOSITORY}:by-{owner()}"}
        store.drop_claims(client, Judge(mine=True))
        assert [image.tags for image in client.images.list(REPOSITORY)] == [[new.container_tag]]
