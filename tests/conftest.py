"""Fixtures for all layers: the built lab image, and backends that are really there.

A backend that cannot run is skipped with its reason shown, except where LABKIT_REQUIRE names it
(`LABKIT_REQUIRE=docker,qemu`): there it is a failure.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NoReturn

import psutil
import pytest

from labkit import image
from labkit.backends.base import Backend
from labkit.backends.table import make_backend
from labkit.errors import LabError
from labkit.image import LabImage
from labkit.setup import docker
from labkit.setup.table import SETUPS, installs, set_up_backend
from labkit.system.owner_marks import Mark
from tests import lanes
from tests.kubernetes.built import BuildFailed, programs
from tests.kubernetes.cluster import running
from tests.kubernetes.settings import Cluster

# What takes long and rarely changes: `make test` leaves it out, `make test-all` does it. Of each
# kind a quicker sibling stays: another moment, another backend, another chapter.
SLOW = (
    "tests/computers/*",
    "tests/kubernetes/*",
    "tests/integration/test_conformance.py::*[[]kubernetes*",
    "tests/packaging/*",
    "tests/platforms/test_reading.py::test_statistics*",
    "tests/platforms/test_reading.py::test_every*",
    "tests/integration/test_arm64.py::*boots*",
    "tests/integration/test_disk_formats.py::*[[]raw[]]",
    "tests/integration/test_disk_formats.py::*[[]v*[]]",
    "tests/integration/test_odd_folders.py::*",
    "tests/integration/test_ownership.py::*",
    "tests/integration/test_own_disks.py::test_a_program_inside*",
    "tests/integration/test_own_disks.py::*boots*[[]packed[]]",
    "tests/integration/test_own_disks.py::*never_comes*[[]line*",
    "tests/integration/test_umask.py::*",
    "tests/integration/test_images.py::test_with_vfs*",
    "tests/integration/test_instances.py::*[[]qemu[]]",
    "tests/integration/test_neighbours.py::*[[]qemu*",
    "tests/integration/test_virtualbox.py::test_a_full_disk*KiB*",
    "tests/integration/test_virtualbox_killed.py::test_a_lab[[]created[]]",
    "tests/integration/test_virtualbox_killed.py::test_a_lab[[]kernel[]]",
    "tests/integration/test_virtualbox_killed.py::test_a_lab[[]ready[]]",
    "tests/integration/test_virtualbox_killed.py::test_a_lab[[]stop_requested[]]",
    "tests/integration/test_virtualbox_killed.py::*boots[[]machine-started[]]",
    "tests/integration/test_virtualbox_killed.py::*boots[[]display-kernel[]]",
    "tests/integration/test_virtualbox_killed.py::*boots[[]service-started[]]",
    "tests/integration/test_virtualbox_killed.py::*boots[[]service-kernel[]]",
    "tests/integration/test_virtualbox_killed.py::*resumed[[]display*",
    "tests/integration/test_virtualbox_killed.py::*resumed[[]service*",
    "tests/integration/test_virtualbox_resumed.py::test_a_damaged_state_is_told[[]remove*",
    "tests/integration/test_virtualbox_resumed.py::test_a_damaged_state_is_told[[]garble*",
    "tests/integration/test_virtualbox_resumed.py::test_no_room_for_the_saved_state*",
    "tests/notebooks/test_live.py::*02-startup-time*",
    "tests/notebooks/test_live.py::*03-memory*",
    "tests/notebooks/test_live.py::*04-cpu*",
    "tests/browser/test_notebooks.py::*03-memory*",
)
REQUIRED = set(filter(None, os.environ.get("LABKIT_REQUIRE", "").split(",")))


# In the environment of all that a run of the tests starts, its workers and runs within it, too.
RUN = "LABKIT_TEST_RUN"
OUTERMOST = pytest.StashKey[bool]()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return lanes.Lanes(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if lanes.is_alone(item.nodeid):
            item.add_marker(pytest.mark.alone)
        if any(fnmatch(item.nodeid, pattern) for pattern in SLOW):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: (lanes.is_alone(item.nodeid), lanes.turn(item.nodeid)))


def pytest_configure(config: pytest.Config) -> None:
    config.stash[OUTERMOST] = RUN not in os.environ
    os.environ.setdefault(RUN, uuid.uuid4().hex)


def pytest_unconfigure(config: pytest.Config) -> None:
    """A daemon that this run had to start is ended again, when the last worker has come home: not
    one of another run beside it."""
    if config.stash[OUTERMOST] and _daemon_run() == os.environ[RUN]:
        docker.stop_daemon()


def _daemon_run() -> str | None:
    """Which run of the tests has started the lab's Docker daemon, if it was one."""
    mark = Mark.read(docker._noted())
    if mark is not None:
        with suppress(psutil.Error):
            return psutil.Process(mark.pid).environ().get(RUN)
    return None


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two workers do not set up the same thing at once."""
    place = os.open(Path(__file__).parent, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def unavailable(name: str, reason: str) -> NoReturn:
    """Skips, or fails where this machine must be able to."""
    if name.partition(":")[0] in REQUIRED:
        pytest.fail(f"{name} is required here, but: {reason}")
    pytest.skip(f"{name} cannot run here: {reason}")


def ready_backend(name: str) -> Backend:
    """Sets up what is missing (as `make test` promises), then the backend itself."""
    backend = make_backend(name)
    try:
        with one_at_a_time():
            if backend.missing() is not None:
                set_up_backend(name.replace("-resumed", ""), lambda message: None)
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
def docker_backend(lab_image: LabImage) -> Backend:
    """Docker with the lab image loaded."""
    backend = ready_backend("docker")
    backend.prepare(lab_image)
    return backend


@pytest.fixture(scope="session")
def cluster(lab_image: LabImage) -> Iterator[Cluster]:
    """A real Kubernetes cluster, and the kubeconfig that leads to it."""
    if os.geteuid() != 0:
        unavailable("kubernetes", "a cluster is started by root")
    try:
        with one_at_a_time():
            SETUPS["containerd"](lambda message: None)
            installs(["dpkg-source", "openssl"], "dpkg-dev", "openssl")(lambda message: None)
        programs(build="kubernetes" in REQUIRED)  # all that ask for it are on one worker
    except (LabError, BuildFailed, OSError) as error:
        unavailable("kubernetes", str(error))
    with running() as found, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(found.kubeconfig))
        yield found


@pytest.fixture(scope="session")
def qemu_backend() -> Backend:
    return ready_backend("qemu")


@pytest.fixture(scope="session")
def virtualbox_backend() -> Backend:
    return ready_backend("virtualbox")
