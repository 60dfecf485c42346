"""The words that records use."""

from __future__ import annotations

from typing import Literal, get_args

Family = Literal[
    "baseline",
    "process",
    "namespaces",
    "container",
    "user-space-kernel",
    "hypervisor",
    "host-virtualization",
]
# In the order of tables and charts: from what shares the most with the host to what shares least.
FAMILIES: tuple[Family, ...] = get_args(Family)
# An instance that boots as a machine does, and what has a kernel of its own: memory and clock that
# it tells are not the host's.
MACHINES: tuple[Family, ...] = ("hypervisor", "host-virtualization")
OWN_KERNEL: tuple[Family, ...] = ("user-space-kernel", *MACHINES)
# native is the processor itself. What a daemon starts by another runtime than runc is named after
# that: it may be another way to the processor, a kernel in user space, or a machine. A backend that
# is itself a runtime (`crun`) is native: its own name tells already which. gVisor names how it
# catches system calls; uml is a Linux kernel that is a process.
Engine = Literal[
    "native",
    "kvm",
    "hvf",
    "tcg",
    "vbox-hm",
    "vbox-recompiler",
    "vmware",
    "xen-pv",
    "crun",
    "youki",
    "runsc",
    "runsc (ptrace)",
    "runsc (systrap)",
    "uml",
    "kata",
    "krun",
    "other-runtime",
]

# An engine that interprets each instruction needs most of a minute to start: where nobody asks for
# it, nobody waits for it.
SLOW_ENGINES: frozenset[Engine] = frozenset({"vbox-recompiler"})

# Those with which the processor itself executes a machine's instructions.
HARDWARE_ENGINES: frozenset[Engine] = frozenset({"kvm", "hvf", "vbox-hm", "vmware", "kata", "krun"})

# What a backend may leave out besides workloads: to run more than one instance at once.
SEVERAL = "several instances"
# And to start a lab image with Debian's programs, whose root file system lies on a disk.
PACKAGES = "packages"
# And another format of its scratch disk than the one it always has.
FORMATS = "disk formats"

# A cold start boots or begins from nothing; a resumed one continues from a saved state.
StartKind = Literal["cold", "resumed"]

# A warm-up fills caches before the first block and enters no figure.
Stage = Literal["warmup", "measured"]

# The moments of an instance's life, in order. `kernel` exists for guests only, some for pods only.
OF_PODS = ("accepted", "scheduled", "sandbox")
MILESTONES = (
    "requested",
    *OF_PODS,
    "created",
    "started",
    "kernel",
    "ready",
    "first_response",
    "first_result",
    "stop_requested",
    "stopped",
)

# Whose resources a meter reads: the instance itself (its processes, or the process that is the
# virtual machine), a helper that exists once for each instance (containerd-shim), services that
# all instances share (dockerd, containerd), or the whole computer, with all that runs on it.
Role = Literal["instance", "helper", "services", "host"]
