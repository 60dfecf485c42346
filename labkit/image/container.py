"""The lab image as a container image: the archive that `docker save` makes and `docker load` takes.

Format: Docker Image Specification v1.2 (moby/docker-image-spec). The image's id is the SHA-256 of
its configuration, which names its layer by SHA-256: with fixed dates, it is known in advance.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labkit.image.rootfs import EPOCH, Entry

REPOSITORY = "labkit/lab"
LABEL = "org.labkit.image"


def write_container(entries: Iterable[Entry], digest: str, target: Path) -> tuple[str, str]:
    """Writes the archive; returns the image's id and its tag."""
    layer = layer_tar(entries)
    config = _json(_config(hashlib.sha256(layer).hexdigest(), digest))
    image_id = hashlib.sha256(config).hexdigest()
    tag = f"{REPOSITORY}:{digest[:12]}"
    manifest = [{"Config": f"{image_id}.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
    files = {f"{image_id}.json": config, "layer.tar": layer, "manifest.json": _json(manifest)}
    with target.open("wb") as file, _open_tar(file) as tar:
        for name, data in files.items():
            _add(tar, Entry(name, 0o100644, data))
    return f"sha256:{image_id}", tag


def layer_tar(entries: Iterable[Entry]) -> bytes:
    """The file system as a tar (POSIX ustar)."""
    buffer = io.BytesIO()
    with _open_tar(buffer) as tar:
        for entry in entries:
            _add(tar, entry)
    return buffer.getvalue()


def _config(diff_id: str, digest: str) -> dict[str, Any]:
    created = datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": {
            "Entrypoint": ["/bin/busybox", "sh", "/lab/agent"],
            "Env": ["PATH=/bin"],
            "Labels": {LABEL: digest},
            "WorkingDir": "/",
        },
        "history": [{"created": created, "created_by": "labkit image build"}],
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
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
