"""What a lab image is made of, and the digest that names it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.image import debs
from labkit.image.cmdline import KERNEL_COMMAND_LINE
from labkit.image.debs import BUSYBOX, ISOLINUX, SYSLINUX, Pins

BUILDER_VERSION = 1  # raise it when the same inputs make other bits


@dataclass(frozen=True)
class Inputs:
    """All that decides what is in the image."""

    pins: Pins
    guest: dict[str, bytes]
    own_kernel: bytes | None
    command_line: str = KERNEL_COMMAND_LINE

    @property
    def packages(self) -> list[str]:
        return [BUSYBOX, ISOLINUX, SYSLINUX, *([] if self.own_kernel else [self.pins.kernel])]

    @property
    def digest(self) -> str:
        """64 hex digits; the same inputs have the same one."""
        key = {
            "builder": BUILDER_VERSION,
            "command_line": self.command_line,
            "debs": sorted(self.pins.packages[name].sha256 for name in self.packages),
            "guest": {path: _sha256(data) for path, data in self.guest.items()},
            "kernel": _sha256(self.own_kernel) if self.own_kernel else None,
        }
        return _sha256(json.dumps(key, sort_keys=True).encode())

    def provenance(self) -> dict[str, Any]:
        """Where the image's parts come from, for its record."""
        packages = [self.pins.packages[name] for name in self.packages]
        return {
            "packages": {
                package.name: {"version": package.version, "sha256": package.sha256}
                for package in packages
            },
            "signatures": self.pins.signatures,
            "own_kernel_sha256": _sha256(self.own_kernel) if self.own_kernel else None,
        }


@dataclass(frozen=True)
class Contents:
    """What the packages hold that the image takes."""

    busybox: bytes
    kernel: bytes
    isolinux: bytes
    ldlinux: bytes


def read_contents(inputs: Inputs, folder: Path, *, progress: bool) -> Contents:
    """Downloads what is not in the cache yet, and reads it."""

    def read(name: str, *patterns: str) -> bytes:
        deb = debs.fetch(inputs.pins.packages[name], folder, progress=progress)
        return debs.read_member(deb, patterns)

    return Contents(
        busybox=read(BUSYBOX, "bin/busybox", "usr/bin/busybox"),
        kernel=inputs.own_kernel or read(inputs.pins.kernel, "boot/vmlinuz-*"),
        isolinux=read(ISOLINUX, "usr/lib/ISOLINUX/isolinux.bin"),
        ldlinux=read(SYSLINUX, "usr/lib/syslinux/modules/bios/ldlinux.c32"),
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
