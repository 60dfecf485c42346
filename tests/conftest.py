"""Fixtures for all layers: the built lab image, and backends that are really there.

A backend that cannot run is skipped with its reason shown, except where LABKIT_REQUIRE names it
(`LABKIT_REQUIRE=docker,qemu`): there it is a failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from labkit import image
from labkit.backends import Backend, make_backend
from labkit.errors import LabError
from labkit.image import LabImage
from labkit.setup import SETUPS
from labkit.setup.docker import stop_daemon

REQUIRED = set(filter(None, os.environ.get("LABKIT_REQUIRE", "").split(",")))


def unavailable(name: str, reason: str) -> None:
    """Skips, or fails where this machine must be able to."""
    if name in REQUIRED:
        pytest.fail(f"{name} is required here, but: {reason}")
    pytest.skip(f"{name} cannot run here: {reason}")


def ready_backend(name: str) -> Backend:
    """Sets up what is missing (as `make test` promises), then the backend itself."""
    backend = make_backend(name)
    try:
        if backend.missing() is not None and name.partition(":")[0] in SETUPS:
            SETUPS[name.partition(":")[0]](lambda message: None)
    except LabError as error:
        unavailable(name, str(error))
    missing = backend.missing()
    if missing is not None:
        unavailable(name, f"{missing.reason} ({missing.fix})")
    return backend


@pytest.fixture(scope="session")
def lab_image() -> LabImage:
    return image.build(progress=False)


@pytest.fixture(scope="session")
def host_backend() -> Backend:
    return ready_backend("host")


@pytest.fixture(scope="session")
def docker_backend(lab_image: LabImage) -> Iterator[Backend]:
    """Docker with the lab image loaded; a daemon that had to be started is ended again."""
    answered = make_backend("docker").missing() is None
    backend = ready_backend("docker")
    backend.prepare(lab_image)
    yield backend
    if not answered:
        stop_daemon()


@pytest.fixture(scope="session")
def qemu_backend() -> Backend:
    return ready_backend("qemu")


@pytest.fixture(scope="session")
def virtualbox_backend() -> Backend:
    return ready_backend("virtualbox")
