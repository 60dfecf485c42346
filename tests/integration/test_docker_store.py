"""Superseded lab images, on a daemon of one's own: the shared one's are in use."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from labkit.backends import docker_store
from labkit.backends.docker import connected
from labkit.image import LabImage
from labkit.image.container import REPOSITORY, write_container
from labkit.image.lab_image import image_in
from labkit.image.rootfs import Entry

pytestmark = pytest.mark.docker


def small_image(folder: Path, digest: str) -> LabImage:
    folder.mkdir()
    entries = [Entry("file", 0o100644, digest.encode())]
    container_id, tag = write_container(entries, digest, folder / "container.tar")
    record = {"digest": digest, "container_id": container_id, "container_tag": tag}
    return image_in(folder, record | {"command_line": "", "kernel_version": ""})


def test_a_superseded_image_goes_unless_a_container_is_made_of_it(
    own_daemon: psutil.Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path / "state"))
    used, superseded, new = (small_image(tmp_path / d, d * 64) for d in "abc")
    with connected() as client:
        for image in (used, superseded):
            with image.container_tar.open("rb") as tar:
                client.images.load(tar)
        container = client.containers.create(used.container_tag, "x", network_mode="none")
        monkeypatch.setattr(docker_store, "_held", {})
        docker_store.load(client, new)
        kept = {docker_store.digest_of(image) for image in client.images.list(REPOSITORY)}
        assert kept == {used.digest, new.digest}
        container.remove()
        docker_store.remove_superseded(client, new.digest)
        assert [image.tags for image in client.images.list(REPOSITORY)] == [[new.container_tag]]
