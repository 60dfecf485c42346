"""What the parts of a container engine share that are backends of their own: none runs unless it
is asked for, each makes namespaces as root, and none adds an engine to the host's processor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from labkit.backends.base import Backend, Missing
from labkit.backends.engine_parts.mounts import missing_namespaces
from labkit.backends.piped import first_line
from labkit.image import LabImage
from labkit.recordings.words import Engine, Family

NO_SAVED_STATE = "a plain process has no saved state to start from"
ONLY_CRIU = "a container is only restored from a file by CRIU"


class EnginePartBackend(Backend):
    family: ClassVar[Family] = "container"
    by_default = False
    unsupported: ClassVar[Mapping[str, str]] = {"resumed start": ONLY_CRIU}

    @property
    def base(self) -> str:
        """Its name without settings."""
        return type(self).name

    def programs(self) -> tuple[str, ...]:
        """What must be installed besides unshare(1), with which namespaces are tried out."""
        return (self.base,)

    def missing(self) -> Missing | None:
        return missing_namespaces(self.programs(), self.base)

    def version(self) -> str:
        return first_line([self.base, "--version"])

    def engine(self, image: LabImage | None) -> Engine:
        return "native"
