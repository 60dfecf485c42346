"""What the agent finds in its environment, behind each boundary that a user's could cross."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labkit.guest.protocol import Script
from labkit.image import LabImage
from tests.conftest import ready_backend
from tests.integration.test_conformance import started

SHELL = {"PWD", "OLDPWD", "SHLVL", "HOME", "HOSTNAME", "PATH"}
AGENT = {"LAB", "LAB_ROOT", "BUSYBOX", "TMPDIR"}
OURS = {"LAB_SCRATCH", "LABKIT_OWNER", "LC_ALL", "FOLDER", "LIMIT_KIB", "ROOTFS"}

# What firejail itself adds, whoever calls it.
FIREJAIL = {"SHELL", "PROMPT_COMMAND", "FIREJAIL_QUIET", "container", "_", "KDE_FORK_SLAVES"}
FIREJAIL |= {"QT_X11_NO_MITSHM", "QML_DISABLE_DISK_CACHE"}


@pytest.mark.parametrize(
    "name",
    [
        "host",
        "chroot",
        "unshare",
        pytest.param("firejail", marks=pytest.mark.namespaces),
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("docker-cli", marks=pytest.mark.docker),
    ],
)
def test_nothing_of_the_users_environment_is_inside(
    lab_image: LabImage, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxies = {"proxies": {"default": {"httpProxy": "http://proxy.example:3128"}}}
    (tmp_path / "config.json").write_text(json.dumps(proxies))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("FTP_PROXY", "http://proxy.example:3128")
    backend = ready_backend(name)
    backend.prepare(lab_image)
    with started(backend, lab_image) as (instance, _):
        printed = instance.shell(Script("env")).out.decode()
        instance.stop()
    found = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    assert "PATH" in found and found["TMPDIR"] == found["LAB_SCRATCH"]
    assert found.keys() <= SHELL | AGENT | OURS | (FIREJAIL if name == "firejail" else set())
