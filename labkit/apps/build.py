"""An app → a container image: the lab image's layer, and above it one with the code.

Nothing is pulled and nothing is run to build it. Format as in labkit/image/container.py: the same
code on the same lab image gives the same image.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from labkit.apps.source import PORT, ROOT, App
from labkit.image.container import layer_tar
from labkit.image.rootfs import EPOCH

APP_LABEL = "org.labkit.app"
KIND_LABEL = "org.labkit.app.kind"


def write_app_image(base: Path, app: App, tag: str, target: Path) -> None:
    """Writes what `docker load` takes. `base` is the lab image as such an archive."""
    with tarfile.open(base) as tar:
        manifest = json.loads(_read(tar, "manifest.json"))[0]
        config = json.loads(_read(tar, manifest["Config"]))
        below = _read(tar, manifest["Layers"][0])
    layer = layer_tar(app.entries)
    content = json.dumps(_config(config, app, layer), sort_keys=True).encode()
    name = f"{hashlib.sha256(content).hexdigest()}.json"
    described = [{"Config": name, "RepoTags": [tag], "Layers": ["below.tar", "app.tar"]}]
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as tar:
        _add(tar, name, content)
        _add(tar, "below.tar", below)
        _add(tar, "app.tar", layer)
        _add(tar, "manifest.json", json.dumps(described).encode())


def _config(base: dict[str, Any], app: App, layer: bytes) -> dict[str, Any]:
    """The lab image's configuration with the app's command, environment, labels and layer."""
    settings = {
        "Entrypoint": ["/bin/busybox", "sh", "-c", app.command],
        "Env": ["PATH=/bin", f"PORT={PORT}"],
        "Labels": {APP_LABEL: app.name, KIND_LABEL: app.kind},
        "WorkingDir": f"/{ROOT}",
    }
    diff_id = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    step = {"created": base["created"], "created_by": "labkit paas deploy"}
    return {
        **base,
        "config": settings,
        "history": [*base["history"], step],
        "rootfs": {"type": "layers", "diff_ids": [*base["rootfs"]["diff_ids"], diff_id]},
    }


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    return file.read() if file else b""


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(content), EPOCH
    tar.addfile(info, io.BytesIO(content))
