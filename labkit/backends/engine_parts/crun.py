"""Backend `crun`: an OCI runtime in C, with the command line of runc (crun(1)).

It takes version 1 of control groups or version 2, not both at once (crun's own documentation:
"cgroup v2"). Where a host mounts version 2 beside version 1, crun runs in a mount namespace that
has it no longer.
"""

from __future__ import annotations

from labkit.backends.engine_parts.oci_groups import HYBRID
from labkit.backends.engine_parts.oci_runtime import OciRuntimeBackend
from labkit.image import LabImage

WITHOUT_HYBRID = f'umount {HYBRID} && exec "$@"'


class CrunBackend(OciRuntimeBackend):
    name = "crun"

    def _argv(self, *words: str) -> list[str]:
        if not HYBRID.is_mount():
            return super()._argv(*words)
        return ["unshare", "--mount", "sh", "-c", WITHOUT_HYBRID, "sh", *super()._argv(*words)]

    def notes(self, image: LabImage | None) -> tuple[str, ...]:
        if not HYBRID.is_mount():
            return super().notes(image)
        return (
            *super().notes(image),
            f"crun is run without {HYBRID}, which it stumbles over; making that view costs some "
            "milliseconds a start",
        )
