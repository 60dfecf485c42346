"""What a lab image is made of, and the digest that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.image import debs
from labkit.image.architecture import ARCHITECTURES, Architecture
from labkit.image.bytecode import PYTHON, compiles
from labkit.image.cmdline import command_line
from labkit.image.debs import BUSYBOX, ISOLINUX, SYSLINUX, Pins
from labkit.image.index import Package
from labkit.image.program_pins import Programs
from labkit.image.programs import program_entries
from labkit.image.rootfs import GUEST_FOLDER, Entry, lab_entries
from labkit.system.progress import bar

BUILDER_VERSION = 2  # raise it when the same inputs make other bits
PROGRAMS_VERSION = 1  # the same, of images with programs only


@dataclass(frozen=True)
class Inputs:
    """All that decides what is in the image."""

    pins: Pins
    guest: dict[str, bytes]
    own_kernel: bytes | None
    programs: Programs | None = None

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
        programs = Programs.of_record(record["programs"]) if "programs" in record else None
        return cls(Pins(packages, kernel, {}, architecture.name), guest, own_kernel, programs)

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
    def bytecode(self) -> bool:
        """Whether the image holds the byte code of its Python, which this computer compiles."""
        has_python = self.programs is not None and PYTHON in self.programs.packages
        return has_python and compiles(self.architecture)

    @property
    def digest(self) -> str:
        """64 hex digits; the same inputs have the same one."""
        key: dict[str, Any] = {
            "builder": BUILDER_VERSION,
            "command_line": self.command_line,
            "debs": sorted(self.pins.packages[name].sha256 for name in self.packages),
            "guest": {path: _sha256(data) for path, data in self.guest.items()},
            "kernel": _sha256(self.own_kernel) if self.own_kernel else None,
        }
        if self.programs:
            key["programs"] = {
                "version": PROGRAMS_VERSION,
                "names": self.programs.names,
                "debs": sorted(package.sha256 for package in self.programs.packages.values()),
                "disk": _sha256(read_disk_script()),
                "bytecode": self.bytecode,
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
            **({"programs": self.programs.provenance()} if self.programs else {}),
        }


@dataclass(frozen=True)
class BootLoader:
    """The files of it that a boot medium holds."""

    isolinux: bytes
    ldlinux: bytes


@dataclass(frozen=True)
class Contents:
    """What the packages hold that the image takes. `root`: its root file system."""

    busybox: bytes
    kernel: bytes
    boot_loader: BootLoader | None
    root: Sequence[Entry]


def read_contents(inputs: Inputs, folder: Path, *, progress: bool) -> Contents:
    """Downloads what is not in the cache yet, and reads it."""

    def read(name: str, *patterns: str) -> bytes:
        return read_from(inputs.pins, name, folder, *patterns, progress=progress)

    busybox = read(BUSYBOX, "bin/busybox", "usr/bin/busybox")
    root = lab_entries(busybox, inputs.guest)
    if inputs.programs:
        root = program_entries(_fetched(inputs.programs, folder, progress=progress), root)
    return Contents(
        busybox=busybox,
        kernel=inputs.own_kernel or read(inputs.pins.kernel, "boot/vmlinuz-*"),
        boot_loader=read_boot_loader(inputs.pins, folder, progress=progress),
        root=root,
    )


def _fetched(programs: Programs, folder: Path, *, progress: bool) -> Iterator[Path]:
    """The packages' files, one after another, of which there may be a hundred. One bar for all, in
    which the time counts, too, that whoever asks for them takes to unpack each."""
    packages = list(programs.packages.values())
    with bar(
        desc=f"{len(packages)} packages: ",
        total=sum(package.size for package in packages),
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        delay=0.5,
        leave=False,
        disable=not progress,
    ) as shown:
        for done, package in enumerate(packages):
            rest = [one for one in packages[done:] if not debs.place(one, folder).exists()]
            needed = sum(one.size for one in rest)
            yield debs.fetch(package, folder, progress=False, needed=needed)
            shown.update(package.size)


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


def read_disk_script() -> bytes:
    """The first process of a guest with its root on a disk; a checkout on Windows may have changed
    its line ends."""
    return (GUEST_FOLDER / "disk").read_bytes().replace(b"\r\n", b"\n")


def read_from(pins: Pins, name: str, folder: Path, *patterns: str, progress: bool) -> bytes:
    """A file of one of the packages, which is downloaded unless it is in the folder."""
    return debs.read_member(debs.fetch(pins.packages[name], folder, progress=progress), patterns)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
