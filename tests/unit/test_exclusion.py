"""KVM and VirtualBox exclude each other: known by what they say; a run never starts both at once.
The messages are of public reports: VirtualBox/virtualbox issues 81 and 180, minikube issue 3177."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from labkit.backends.exclusion import ways_out
from labkit.backends.instance import Instance
from labkit.backends.virtualbox.manage import VBoxManage
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.measure.runner import execute
from labkit.system.process import Completed
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock
from tests.unit.test_runner import plan

INTEL = """VBoxManage: error: VT-x is being used by another hypervisor (VERR_VMX_IN_VMX_ROOT_MODE).
VBoxManage: error: VirtualBox can't operate in VMX root mode. Please disable the KVM kernel \
extension, recompile your kernel and reboot (VERR_VMX_IN_VMX_ROOT_MODE)
VBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component ConsoleWrap
"""
AMD = (
    "VBoxManage: error: VirtualBox can't enable the AMD-V extension. Please disable the KVM kernel "
    "extension, recompile your kernel and reboot (VERR_SVM_IN_USE).\n"
)
QEMU = """ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy
qemu-system-x86_64: failed to initialize KVM: Device or resource busy
"""


@pytest.mark.parametrize(("said", "module"), [(INTEL, "kvm_intel"), (AMD, "kvm_amd")])
def test_virtualbox_that_kvm_keeps_out_has_two_ways(said: str, module: str) -> None:
    def refuses(argv: Any, **how: Any) -> Completed:
        return Completed(tuple(argv), 1, "", said)

    with pytest.raises(BackendError) as told:
        VBoxManage(lambda *words: ["VBoxManage", *words], refuses).start_headless(name="x")
    assert f"modprobe -r {module}" in told.value.resolution
    assert "enable_virt_at_load=0" in told.value.resolution
    assert "VERR_" in told.value.details, "its own words are kept"


@pytest.mark.parametrize("line", QEMU.splitlines())
def test_kvm_that_virtualbox_keeps_out(line: str) -> None:
    assert "runningvms" in ways_out(line)


def test_what_is_something_else_has_no_such_advice() -> None:
    assert ways_out("ioctl(KVM_CREATE_VM) failed: 12 Cannot allocate memory") == ""
    assert ways_out("VBoxManage: error: VERR_VM_DRIVER_NOT_INSTALLED") == ""


class Alone(FakeBackend):
    """Notes whoever else runs when it starts."""

    running: set[str]
    met: list[set[str]]

    @contextmanager
    def launch(self, image: LabImage, *given: Any) -> Iterator[Instance]:
        self.met.append(set(self.running))
        self.running.add(self.name)
        try:
            with super().launch(image, *given) as instance:
                yield instance
        finally:
            self.running.remove(self.name)


@pytest.mark.parametrize("seed", range(20))
def test_never_do_two_run_at_once(seed: int) -> None:
    clock = FakeClock()
    kind: Any = type("Noted", (Alone,), {"running": set(), "met": []})
    names = ("qemu", "qemu-resumed", "virtualbox", "virtualbox-resumed")
    backends = {name: kind(name, clock=clock) for name in names}
    chosen = plan(*names, seed=seed, warmups=dict.fromkeys(names, 1))
    list(execute(chosen, backends, NO_IMAGE, clock=clock))
    assert len(kind.met) == 16 and not any(kind.met)
