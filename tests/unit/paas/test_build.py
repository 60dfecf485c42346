"""The image of an app: two layers, the lower one the lab image's own."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from labkit.apps.build import APP_LABEL, write_app_image
from labkit.apps.source import read_app
from labkit.image.architecture import AMD64
from labkit.image.container import write_container
from labkit.image.rootfs import folder, lab_entries


@pytest.fixture
def base(tmp_path: Path) -> Path:
    target = tmp_path / "base.tar"
    write_container([folder("x"), *lab_entries(b"\x7fELF", {})], "0" * 64, AMD64, target)
    return target


def content(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {m.name: f.read() for m in tar if (f := tar.extractfile(m))}


def built(tmp_path: Path, base: Path, page: str = "hi") -> tuple[dict[str, bytes], dict[str, Any]]:
    code = tmp_path / "code"
    code.mkdir(exist_ok=True)
    (code / "index.html").write_text(page)
    target = tmp_path / "app.tar"
    write_app_image(base, read_app(code, "hello"), "labkit/app-hello:1", target)
    files = content(target)
    return files, json.loads(files["manifest.json"])[0]


def test_the_lower_layer_is_the_lab_images_and_the_upper_one_the_code(
    tmp_path: Path, base: Path
) -> None:
    files, manifest = built(tmp_path, base)
    lower, upper = (files[name] for name in manifest["Layers"])
    assert lower == content(base)["layer.tar"]
    (tmp_path / "upper.tar").write_bytes(upper)
    assert content(tmp_path / "upper.tar") == {"app/index.html": b"hi"}
    config = json.loads(files[manifest["Config"]])
    digests = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in (lower, upper)]
    assert config["rootfs"]["diff_ids"] == digests
    assert manifest["Config"] == f"{hashlib.sha256(files[manifest['Config']]).hexdigest()}.json"


def test_the_configuration_says_whose_it_is_and_how_it_starts(tmp_path: Path, base: Path) -> None:
    files, manifest = built(tmp_path, base)
    config = json.loads(files[manifest["Config"]])["config"]
    assert config["Labels"][APP_LABEL] == "hello"
    assert config["Env"] == ["PATH=/bin", "PORT=8080"]
    assert config["Entrypoint"][:3] == ["/bin/busybox", "sh", "-c"]
    assert config["WorkingDir"] == "/app"
    assert manifest["RepoTags"] == ["labkit/app-hello:1"]


def test_the_same_code_is_the_same_image_and_other_code_another(tmp_path: Path, base: Path) -> None:
    first, second = (built(tmp_path, base)[1]["Config"] for _ in range(2))
    assert first == second
    assert built(tmp_path, base, "ho")[1]["Config"] != first
