"""A container image, the lab's above all, as the archive that `docker save` makes and `load` takes.

Format: Docker Image Specification v1.2 (moby/docker-image-spec). The image's id is the SHA-256 of
its configuration, which names its layer by SHA-256: with fixed dates, it is known in advance.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from labkit.image.architecture import AMD64, Architecture
from labkit.image.rootfs import EPOCH, Entry

REPOSITORY = "labkit/lab"
LABEL = "org.labkit.image"


@dataclass(frozen=True)
class ImageLayer:
    """A layer of an image, told by the SHA-256 of its tar: images with the same layer at the
    bottom have it once in the store. The title is what the image's history calls it."""

    title: str
    entries: tuple[Entry, ...]

    @cached_property
    def tar(self) -> bytes:
        return layer_tar(self.entries)

    @cached_property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.tar).hexdigest()}"

    @property
    def size_bytes(self) -> int:
        """The sum of its files; of a link, the length of its target. Docker's own store says the
        same, containerd's what the layer takes on the disk."""
        return sum(len(entry.data) for entry in self.entries)

    @property
    def files(self) -> int:
        return sum(not entry.is_folder for entry in self.entries)


def write_container(
    entries: Iterable[Entry], digest: str, architecture: Architecture, target: Path
) -> tuple[str, str]:
    """Writes the lab image's archive; returns the image's id and its tag."""
    tag = f"{REPOSITORY}:{digest[:12]}"
    layer = ImageLayer("labkit image build", tuple(entries))
    return write_archive([layer], {LABEL: digest}, tag, target, architecture), tag


def write_archive(
    layers: Sequence[ImageLayer],
    labels: Mapping[str, str],
    tag: str,
    target: Path,
    architecture: Architecture = AMD64,
) -> str:
    """Writes an archive with one image, its lowest layer first; returns the image's id."""
    config = _json(_config(layers, labels, architecture))
    image_id = hashlib.sha256(config).hexdigest()
    names = ["layer.tar"] if len(layers) == 1 else [f"layer-{n}.tar" for n in range(len(layers))]
    manifest = [{"Config": f"{image_id}.json", "RepoTags": [tag], "Layers": names}]
    with target.open("wb") as file, _open_tar(file) as tar:
        _add(tar, Entry(f"{image_id}.json", 0o100644, config))
        for name, layer in zip(names, layers, strict=True):
            _add(tar, Entry(name, 0o100644, layer.tar))
        _add(tar, Entry("manifest.json", 0o100644, _json(manifest)))
    return f"sha256:{image_id}"


def layer_tar(entries: Iterable[Entry]) -> bytes:
    """The file system as a tar (POSIX ustar)."""
    buffer = io.BytesIO()
    with _open_tar(buffer) as tar:
        for entry in entries:
            _add(tar, entry)
    return buffer.getvalue()


def _config(
    layers: Sequence[ImageLayer], labels: Mapping[str, str], architecture: Architecture
) -> dict[str, Any]:
    created = datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "architecture": architecture.name,
        "os": "linux",
        "created": created,
        "config": {
            "Entrypoint": ["/bin/busybox", "sh", "/lab/agent"],
            "Env": ["PATH=/bin"],
            "Labels": dict(labels),
            "WorkingDir": "/",
        },
        "history": [{"created": created, "created_by": layer.title} for layer in layers],
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }


def _json(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _open_tar(file: Any) -> tarfile.TarFile:
    return tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT)


def _add(tar: tarfile.TarFile, entry: Entry) -> None:
    info = tarfile.TarInfo(entry.path)
    info.mode, info.mtime = entry.mode & 0o7777, EPOCH
    if entry.is_folder:
        info.type = tarfile.DIRTYPE
    elif entry.is_link:
        info.type, info.linkname = tarfile.SYMTYPE, entry.data.decode()
    else:
        info.size = len(entry.data)
    tar.addfile(info, io.BytesIO(entry.data) if info.isreg() else None)
