from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from labkit.image.architecture import AMD64
from labkit.image.container import write_container
from labkit.image.rootfs import EPOCH, lab_entries, read_guest

DIGEST = "0123456789ab" + "c" * 52


@pytest.fixture
def written(guest: Path, tmp_path: Path) -> tuple[Path, str, str]:
    target = tmp_path / "container.tar"
    image_id, tag = write_container(lab_entries(b"busybox", read_guest()), DIGEST, AMD64, target)
    return target, image_id, tag


def read_tar(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        return {name: file.read() for name, file in files.items() if file}


def test_archive_of_docker_save(written: tuple[Path, str, str]) -> None:
    target, image_id, tag = written
    files = read_tar(target.read_bytes())
    (manifest,) = json.loads(files["manifest.json"])
    assert manifest["RepoTags"] == [tag] == ["labkit/lab:0123456789ab"]
    config = files[manifest["Config"]]
    assert image_id == "sha256:" + hashlib.sha256(config).hexdigest()
    (layer,) = manifest["Layers"]
    diff_id = "sha256:" + hashlib.sha256(files[layer]).hexdigest()
    assert json.loads(config)["rootfs"] == {"type": "layers", "diff_ids": [diff_id]}


def test_configuration(written: tuple[Path, str, str]) -> None:
    target, image_id, _ = written
    content = json.loads(read_tar(target.read_bytes())[f"{image_id[7:]}.json"])
    assert (content["architecture"], content["os"]) == ("amd64", "linux")
    assert content["created"] == "2023-06-10T00:00:00Z"
    assert content["config"] == {
        "Entrypoint": ["/bin/busybox", "sh", "/lab/agent"],
        "Env": ["PATH=/bin"],
        "Labels": {"org.labkit.image": DIGEST},
        "WorkingDir": "/",
    }


def test_layer(written: tuple[Path, str, str]) -> None:
    layer = read_tar(written[0].read_bytes())["layer.tar"]
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        members = {member.name: member for member in tar}
    assert all((m.uid, m.gid, m.mtime) == (0, 0, EPOCH) for m in members.values())
    assert (members["tmp"].mode, members["lab/agent"].mode) == (0o1777, 0o755)
    assert members["bin/sh"].issym() and members["bin/sh"].linkname == "busybox"
    assert not any(member.isdev() for member in members.values())
