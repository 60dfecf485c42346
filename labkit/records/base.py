"""What all records share: that they are frozen and checked, and the words they use."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Family = Literal["baseline", "host-virtualization", "hypervisor", "container"]
Engine = Literal["native", "kvm", "hvf", "tcg", "vbox-hm", "vbox-recompiler"]

# An engine that interprets each instruction needs most of a minute to start: where nobody asks for
# it, nobody waits for it.
SLOW_ENGINES: frozenset[Engine] = frozenset({"vbox-recompiler"})

# What a backend may leave out besides workloads: to run more than one instance at once.
SEVERAL = "several instances"

# A cold start boots or begins from nothing; a resumed one continues from a saved state.
StartKind = Literal["cold", "resumed"]

# A warm-up fills caches before the first block and enters no figure.
Stage = Literal["warmup", "measured"]

# The moments of an instance's life, in order. `kernel` exists for guests only.
MILESTONES = (
    "requested",
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


class Record(BaseModel):
    """A frozen record; unknown fields are an error, and so is what is no number (NaN)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
