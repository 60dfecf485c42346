"""What a variant of the backend `docker` changes, on the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.backends.base import Backend
from labkit.backends.table import make_backend
from labkit.image import LabImage
from tests.integration.test_conformance import started


@pytest.mark.docker
def test_a_container_on_the_bridge_has_an_interface(
    docker_backend: Backend, lab_image: LabImage
) -> None:
    """The variant reaches the kernel: a second interface beside the loopback, and only here."""
    if not Path("/sys/class/net/docker0").exists():
        pytest.skip("this daemon has no bridge docker0")
    seen = {}
    for network in ("none", "bridge"):
        with started(make_backend(f"docker:network={network}"), lab_image) as (instance, _):
            (meter,) = [m for m in instance.meters() if m.role == "instance"]
            table = Path(f"/proc/{meter.pids[0]}/net/dev").read_text()
            seen[network] = "eth0" in table
            instance.stop()
    assert seen == {"none": False, "bridge": True}
