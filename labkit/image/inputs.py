"""What a lab image is made of, and the digest that names it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.image import debs
from labkit.image.architecture import ARCHITECTURES, Architecture
from labkit.image.cmdline import command_line
from labkit.image.debs import BUSYBOX, ISOLINUX, SYSLINUX, Pins
from labkit.image.index import Package

BUILDER_VERSION = 2  # raise it when the same inputs make other bits


@dataclass(frozen=True)
class Inputs:
    """All that decides what is in the image."""

    pins: Pins
    guest: dict[str, bytes]
    own_kernel: bytes | None

    @classmethod
    def of_record(
        cls,
        record: dict[str, Any],
        architecture: Architecture,
        guest: dict[str, bytes],
        own_kernel: bytes | None,
    ) -> Inputs:
        """Those of today with the packages of an image that was built: see `provenance`."""
        packages = {
            name: Package(name, package["version"], package["sha256"], size=0, url="")
            for name, package in record["packages"].items()
        }
        kernel = next((name for name in packages if name.startswith("linux-image-")), "")
        return cls(Pins(packages, kernel, {}, architecture.name), guest, own_kernel)

    @property
    def architecture(self) -> Architecture:
        return ARCHITECTURES[self.pins.architecture]

    @property
    def command_line(self) -> str:
        return command_line(1, architecture=self.architecture)

    @property
    def packages(self) -> list[str]:
        kernel = [] if self.own_kernel else [self.pins.kernel]
        return [BUSYBOX, *self.pins.boot_loader, *kernel]

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
            "architecture": self.architecture.name,
            "packages": {
                package.name: {"version": package.version, "sha256": package.sha256}
                for package in packages
            },
            "signatures": self.pins.signatures,
            "own_kernel_sha256": _sha256(self.own_kernel) if self.own_kernel else None,
        }


@dataclass(frozen=True)
class BootLoader:
    """The files of it that a boot medium holds."""

    isolinux: bytes
    ldlinux: bytes


@dataclass(frozen=True)
class Contents:
    """What the packages hold that the image takes."""

    busybox: bytes
    kernel: bytes
    boot_loader: BootLoader | None


def read_contents(inputs: Inputs, folder: Path, *, progress: bool) -> Contents:
    """Downloads what is not in the cache yet, and reads it."""

    def read(name: str, *patterns: str) -> bytes:
        return read_from(inputs.pins, name, folder, *patterns, progress=progress)

    return Contents(
        busybox=read(BUSYBOX, "bin/busybox", "usr/bin/busybox"),
        kernel=inputs.own_kernel or read(inputs.pins.kernel, "boot/vmlinuz-*"),
        boot_loader=read_boot_loader(inputs.pins, folder, progress=progress),
    )


def read_boot_loader(pins: Pins, folder: Path, *, progress: bool) -> BootLoader | None:
    """The boot loader; None where there is none for such computers."""
    if not pins.boot_loader:
        return None
    return BootLoader(
        read_from(pins, ISOLINUX, folder, "usr/lib/ISOLINUX/isolinux.bin", progress=progress),
        read_from(
            pins, SYSLINUX, folder, "usr/lib/syslinux/modules/bios/ldlinux.c32", progress=progress
        ),
    )


def read_from(pins: Pins, name: str, folder: Path, *patterns: str, progress: bool) -> bytes:
    """A file of one of the packages, which is downloaded unless it is in the folder."""
    return debs.read_member(debs.fetch(pins.packages[name], folder, progress=progress), patterns)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
