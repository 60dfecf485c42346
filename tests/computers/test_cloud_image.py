"""A cloud image for real: cloud-init takes the seed that the lab makes, and nothing without it.

The image is made once, in some minutes, and kept. Each boot, emulated, is one of systemd and of
cloud-init's four stages in Python: a minute or two, on a busy computer many.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from labkit.backends.own.instance import OwnInstance
from labkit.backends.own.seed import HOSTNAME, NOCLOUD
from labkit.backends.table import make_backend
from labkit.backends.timeline import Timeline
from labkit.errors import LabError
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.setup.table import installs
from labkit.system.clock import HostClock, wait_until
from tests.computers import cloud_image
from tests.conftest import one_at_a_time, ready_backend, unavailable

pytestmark = [pytest.mark.computer, pytest.mark.timeout(3600)]
PATIENCE_S = 1200.0
TAKEN = "DataSourceNoCloud"  # of cloud-init's last line: "Cloud-init v. … finished at …"


@pytest.fixture(scope="module")
def disk(lab_image: LabImage) -> Path:
    ready_backend("qemu:disk_format=qcow2")  # with qemu-img
    try:
        with one_at_a_time():
            installs(["mmdebstrap", "mke2fs"], "mmdebstrap", "e2fsprogs")(lambda message: None)
    except LabError as error:
        unavailable("computer", str(error))
    return cloud_image.cloud_image()


def said(name: str, image: LabImage, then: str = "") -> str:
    """What a machine has said when it was ready, and had said `then`, too."""
    backend = make_backend(name)
    assert backend.missing() is None
    backend.prepare(image)
    timeline = Timeline(HostClock())
    with backend.launch(image, Limits(memory_mib=512), timeline) as instance:
        assert isinstance(instance, OwnInstance)
        instance.wait_ready(PATIENCE_S)
        wait_until(lambda: then in instance._said.text(), timeout=PATIENCE_S, interval=0.5)
        return instance._said.text()


def test_cloud_init_takes_the_seed_and_the_ssh_server_gets_its_keys(
    lab_image: LabImage, disk: Path
) -> None:
    before = hashlib.sha256(disk.read_bytes()).hexdigest()
    console = said(f"qemu:disk={disk}:seed={NOCLOUD}:ready=tcp:22", lab_image, TAKEN)
    assert f"{HOSTNAME} login:" in console and f"{cloud_image.HOSTNAME} login:" not in console
    assert TAKEN in console and "BEGIN SSH HOST KEY FINGERPRINTS" in console
    assert hashlib.sha256(disk.read_bytes()).hexdigest() == before


def test_without_a_seed_it_takes_nothing(lab_image: LabImage, disk: Path) -> None:
    console = said(f"qemu:disk={disk}:ready=console:{cloud_image.HOSTNAME} login:", lab_image)
    assert HOSTNAME not in console and "Cloud-init" not in console
