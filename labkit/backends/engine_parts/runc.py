"""Backend `runc`: the reference OCI runtime, which Docker and containerd call too."""

from __future__ import annotations

from labkit.backends.engine_parts.oci_runtime import OciRuntimeBackend


class RuncBackend(OciRuntimeBackend):
    name = "runc"
