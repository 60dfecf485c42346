"""A lab image whose agent says other things, made from the real one by the package's own means."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from labkit.image import LabImage
from labkit.image.container import write_container
from labkit.image.initramfs import write_initramfs
from labkit.image.lab_image import image_in
from labkit.image.rootfs import lab_entries, read_guest, write_folder


@contextmanager
def variant(
    real: LabImage, folder: Path, files: Mapping[str, bytes]
) -> Iterator[tuple[dict[str, str], Path]]:
    """Its record and its folder; the daemon's copy of it is removed at the end."""
    guest = {**read_guest(), **files}
    entries = lab_entries((real.rootfs / "bin/busybox").read_bytes(), guest)
    digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
    folder.mkdir()
    container_id, tag = write_container(
        entries, digest, real.architecture, folder / "container.tar"
    )
    record = {
        "digest": digest,
        "container_id": container_id,
        "container_tag": tag,
        "command_line": real.command_line,
        "kernel_version": real.kernel_version,
    }
    image = image_in(folder, record)
    with image.initramfs.open("wb") as file:
        write_initramfs(entries, file)
    image.kernel.symlink_to(real.kernel)
    write_folder(entries, image.rootfs)
    try:
        yield record, folder
    finally:
        _forget(tag)


def _forget(tag: str) -> None:
    client = docker.from_env()
    try:
        client.images.remove(tag)
    except ImageNotFound:
        pass
    finally:
        client.close()
