"""Of KVM and VirtualBox, one at a time has the processor's extension (VT-x, AMD-V).

Linux 6.12 and newer takes it for KVM when that module is loaded, unless kvm.enable_virt_at_load is
0 (kernel-parameters.txt); before, and with 0, each has it while a machine of its own runs. A run
starts one instance after another, so that only others' machines stand in the way.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from labkit.system.process import with_root

KEPT = Path("/sys/module/kvm/parameters/enable_virt_at_load")
# What VirtualBox says of KVM, by its codes; what QEMU says of VirtualBox.
_BY_KVM = re.compile(r"VERR_(VMX_IN_VMX_ROOT_MODE|SVM_IN_USE)")
_BY_ANOTHER = re.compile(r"KVM_CREATE_VM\) failed: 16\b|failed to initialize kvm: .*busy", re.I)


def ways_out(said: str) -> str:
    """What to do where the other one has it; empty where that is not what was said."""
    if by_kvm := _BY_KVM.search(said):
        module = "kvm_amd" if by_kvm[1].startswith("SVM") else "kvm_intel"
        return (
            "KVM has the processor's extension, which VirtualBox wants for itself: unload it until "
            f"it is needed again ({with_root(f'modprobe -r {module} kvm')}), or start Linux with "
            "kvm.enable_virt_at_load=0, then each has it while its machines run"
        )
    if _BY_ANOTHER.search(said):
        return (
            "another hypervisor, such as VirtualBox, has the processor's extension: end its "
            "machines (VBoxManage list runningvms names them), or measure with QEMU's emulation"
        )
    return ""


def kept_by_kvm() -> bool:
    """Whether KVM has it also while no machine runs."""
    with suppress(OSError):
        return KEPT.read_text(encoding="utf-8", errors="replace").strip() == "Y"
    return False
