"""Layers → the archive that `docker load` takes; nothing is pulled, nothing is run to build it.

Format as in labkit/image/container.py. A layer is told by the SHA-256 of its tar: two images with
the same layer at the bottom have it once in the store.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from labkit.backends.docker import OWNER_LABEL
from labkit.image.container import layer_tar
from labkit.image.rootfs import EPOCH, Entry
from labkit.process import owner


@dataclass(frozen=True)
class ImageLayer:
    """A layer with the title by which tables and charts name it."""

    title: str
    entries: tuple[Entry, ...]

    @cached_property
    def tar(self) -> bytes:
        return layer_tar(self.entries)

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.tar).hexdigest()}"

    @property
    def files(self) -> int:
        return sum(not entry.is_folder for entry in self.entries)


@dataclass(frozen=True)
class Recipe:
    """An image to be made: its layers, the lowest first. The tag names its owner."""

    name: str
    layers: tuple[ImageLayer, ...]

    @property
    def tag(self) -> str:
        return f"labkit/images-{self.name}:{owner()}"

    @property
    def files(self) -> int:
        return sum(layer.files for layer in self.layers)

    def write(self, folder: Path) -> Path:
        """The archive in a folder."""
        target = folder / f"{self.name}.tar"
        config = json.dumps(_config(self.layers), sort_keys=True).encode()
        names = [f"layer-{number}.tar" for number, _ in enumerate(self.layers)]
        config_name = f"{hashlib.sha256(config).hexdigest()}.json"
        manifest = [{"Config": config_name, "RepoTags": [self.tag], "Layers": names}]
        with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as tar:
            _add(tar, config_name, config)
            for name, layer in zip(names, self.layers, strict=True):
                _add(tar, name, layer.tar)
            _add(tar, "manifest.json", json.dumps(manifest).encode())
        return target


def sorted_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """By path, so that a folder comes before what is in it, each path once."""
    return tuple(sorted({entry.path: entry for entry in entries}.values(), key=lambda e: e.path))


def _config(layers: Sequence[ImageLayer]) -> dict[str, Any]:
    created = "2023-06-10T00:00:00Z"
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": {
            "Entrypoint": ["/bin/busybox", "sh", "/lab/agent"],
            "Env": ["PATH=/bin"],
            "Labels": {OWNER_LABEL: owner()},
            "WorkingDir": "/",
        },
        "history": [{"created": created, "created_by": layer.title} for layer in layers],
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(content), EPOCH
    tar.addfile(info, io.BytesIO(content))
