"""Backend `runsc`: gVisor, a kernel in user space (Young et al. 2019, "The True Cost of Containing:
a gVisor Case Study").

The Sentry, a program in Go, answers the container's system calls itself; the host's kernel sees
only those few that the Sentry makes, and a second program, the gofer, opens files for it. How it
catches system calls is its platform: `ptrace` works everywhere and is the slowest, `systrap`
(seccomp) is in newer releases.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar, get_args

from labkit.backends.base import Missing
from labkit.backends.engine_parts import oci_groups
from labkit.backends.engine_parts.oci_runtime import OciInstance, OciRuntimeBackend
from labkit.backends.instance import Meter
from labkit.errors import CommandError
from labkit.image import LabImage
from labkit.recordings.words import Engine
from labkit.system.process import last_lines, run


class RunscInstance(OciInstance):
    """The Sentry's process with those that execute the container's programs under its eyes."""

    def meters(self) -> tuple[Meter, ...]:
        pid = self._gofer()
        gofer = (Meter("runsc-gofer", "helper", (pid,), tree=False),) if pid else ()
        return (*super().meters(), *gofer)

    def _gofer(self) -> int:
        """The process id of runsc's gofer, from runsc's own state file; 0 where that tells none."""
        with suppress(OSError, ValueError, StopIteration):
            state = next((self._log.parent / "runsc").glob("*.state"))
            content: Any = json.loads(state.read_text(encoding="utf-8"))
            return int(content.get("goferPid", 0))
        return 0


class RunscBackend(OciRuntimeBackend):
    name = "runsc"
    family = "user-space-kernel"
    about_s = 1.5
    instance = RunscInstance
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {"platform": ("ptrace", "systrap")}

    def missing(self) -> Missing | None:
        if (missing := super().missing()) is not None:
            return missing
        if oci_groups.unified() and not oci_groups.holds("cpuset"):
            return Missing(
                "runsc makes no container where version 2 of control groups has no controller "
                "cpuset, and this computer's kernel has none",
                "leave it out here, or use another kernel",
            )
        try:
            run(self._argv("list"), timeout=10)
        except CommandError as error:
            return Missing(
                f"this runsc has no platform {self.chosen['platform']}: "
                f"{last_lines(error.details, 1)}",
                "use the platform that is there: --backends runsc",
            )
        return None

    def engine(self, image: LabImage | None) -> Engine:
        engine: Engine = f"runsc ({self.chosen['platform']})"  # type: ignore[assignment]
        assert engine in get_args(Engine)
        return engine

    def _argv(self, *words: str) -> list[str]:
        """The Sentry runs as a user that may not be let into this user's folder for such files."""
        platform = f"--platform={self.chosen['platform']}"
        return ["env", "TMPDIR=/tmp", "runsc", platform, "--network=none", *words]
