"""What the parts of a container engine share that are backends of their own: none runs unless it
is asked for, each makes namespaces as root, and none adds an engine to the host's processor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from labkit.backends.base import Backend, Missing
from labkit.backends.mounts import missing_namespaces
from labkit.backends.piped import first_line
from labkit.image import LabImage
from labkit.records import Engine

NO_SAVED_STATE = "a plain process has no saved state to start from"
ONLY_CRIU = "a container is only restored from a file by CRIU"


class LayerBackend(Backend):
    family = "container"
    by_default = False
    cannot: ClassVar[Mapping[str, str]] = {"resumed start": ONLY_CRIU}

    def programs(self) -> tuple[str, ...]:
        """What must be installed besides unshare(1), with which namespaces are tried out."""
        return (self.name,)

    def missing(self) -> Missing | None:
        return missing_namespaces(self.programs(), self.name)

    def version(self) -> str:
        return first_line([self.name, "--version"])

    def engine(self, image: LabImage | None) -> Engine:
        return "native"
