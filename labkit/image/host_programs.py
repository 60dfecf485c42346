"""How a program of the lab image is run as a process of this computer: by the image's own loader,
with the image's own libraries, so that the same bits run as behind the boundaries. The agent does
the same (labkit/guest/program). The loader splits a path at some characters: ld.so(8)."""

from __future__ import annotations

import os
from pathlib import Path

from labkit.errors import ImageError
from labkit.image.architecture import ARM64, of_this_computer

# The loader of each architecture has a name of its own: ld.so(8).
LOADERS = {"aarch64": "ld-linux-aarch64.so.1", "x86_64": "ld-linux-x86-64.so.2"}


def program_argv(rootfs: Path, name: str) -> list[str]:
    """What begins a command line that runs it. ImageError where the image does not hold it."""
    machine = "aarch64" if of_this_computer() == ARM64 else "x86_64"
    libraries = rootfs / "usr/lib" / f"{machine}-linux-gnu"
    places = (rootfs / "usr/bin" / name, rootfs / "usr/sbin" / name)
    program = next((place for place in places if os.access(place, os.X_OK)), None)
    if program is None:
        raise ImageError(
            f"the lab image has no program {name}",
            details="a workload's client runs on this computer, from the same image",
            resolution="build it with the packages that the workload names",
        )
    loader = libraries / LOADERS[machine]
    return [str(loader), "--inhibit-cache", "--library-path", str(libraries), str(program)]
