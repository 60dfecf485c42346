"""The fault test: after each fault, nothing is left behind, nothing that was finished is lost, what
looks like the lab's and is not is as it was, and each failure says what, why and what to do.

`make test` injects a few; `make test-faults` 200. LABKIT_FAULTS=N chooses how many,
LABKIT_FAULT_SEED=S others, and a fault's name repeats it: pytest -k 017-killed-lab.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.backends.base import Backend
from labkit.image import LabImage
from tests.conftest import ready_backend
from tests.faults import plan
from tests.faults.conftest import ENTRIES
from tests.faults.kinds import COMBINATIONS, KINDS
from tests.faults.ledger import Entry
from tests.faults.plan import Fault
from tests.faults.scene import Scene
from tests.faults.strangers import Strangers, strangers

VIRTUALBOX = [pytest.mark.virtualbox, pytest.mark.timeout(1200)]
FAULTS = [
    pytest.param(fault, marks=VIRTUALBOX if fault.backend == "virtualbox" else (), id=str(fault))
    for fault in plan.make(COMBINATIONS)
]
pytestmark = [pytest.mark.faults, pytest.mark.docker, pytest.mark.qemu]


@pytest.fixture(scope="module")
def bystanders(lab_image: LabImage, docker_backend: Backend) -> Iterator[Strangers]:
    with strangers(lab_image) as made:
        yield made


@pytest.fixture
def scene(
    fault: Fault,
    tmp_path: Path,
    lab_image: LabImage,
    host_backend: Backend,
    docker_backend: Backend,
    qemu_backend: Backend,
    bystanders: Strangers,
) -> Iterator[Scene]:
    if fault.backend == "virtualbox":
        ready_backend("virtualbox")
    ENTRIES.append(Entry(fault.kind))
    made = Scene(fault, tmp_path, lab_image, ENTRIES[-1])
    yield made
    made.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault(fault: Fault, scene: Scene, bystanders: Strangers) -> None:
    KINDS[fault.kind].inject(scene)
    assert scene.entry.injected
    scene.entry.touched = bystanders.touched()
    assert scene.entry.complaints == []
