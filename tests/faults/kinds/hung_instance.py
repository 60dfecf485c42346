"""An instance stops answering: its process is stopped (SIGSTOP) and never goes on."""

from __future__ import annotations

import psutil

from tests.faults.kinds.killed_instance import break_instance
from tests.faults.scene import Scene

MOMENTS = ("started", "ready", "first_result", "stop_requested")
COMBINATIONS = [
    (backend, moment)
    for backend in ("docker", "qemu", "host", "qemu-resumed")
    for moment in (*MOMENTS, "kernel")
    if moment != "kernel" or backend == "qemu"
]


def inject(scene: Scene) -> None:
    """Time limits short enough to wait for, and long enough for what is not hung."""
    before_ready = scene.fault.moment in ("started", "kernel")
    break_instance(
        scene,
        psutil.Process.suspend,
        ready_timeout=5.0 if before_ready else 60.0,
        patience_s=8.0,
    )
