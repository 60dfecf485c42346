"""A program behind QEMU, started by hand: the lab image's kernel, root disk and programs, a first
process of a few lines in place of the lab's agent, and no workload of the lab's.

The machine is the lab's (its command line, its disks): what differs is who starts the program.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit.backends.qemu.command import (
    MACHINES,
    PROGRAMS,
    boots,
    make_disk,
    network_card,
    root_disk,
)
from labkit.image import LabImage
from labkit.image.architecture import AMD64
from labkit.image.initramfs import write_cpio
from labkit.image.rootfs import Entry
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine
from labkit.system.owner_marks import scratch_folder
from labkit.system.process import end, spawn, wait_for

PATIENCE_S = 300.0
# {body} runs below the image's root; what it prints is the machine's second serial port.
FIRST = """#!/bin/busybox sh
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t devtmpfs dev /dev
for module in /lab/modules/*.ko; do [ -e "$module" ] && $bb insmod "$module"; done
$bb ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
until [ -b /dev/nvme0n2 ]; do $bb usleep 10000; done
$bb mount -t ext4 -o ro,noatime /dev/nvme0n2 /disk
$bb mount -t proc proc /disk/proc
$bb mount -t devtmpfs dev /disk/dev
$bb mount -t sysfs -o ro sys /disk/sys
$bb mount -t tmpfs scratch /disk/scratch
$bb stty -F /dev/ttyS1 raw -echo
$bb chroot /disk /bin/busybox sh >/dev/ttyS1 2>/dev/ttyS0 <<'LAB'
export PATH=/usr/bin:/usr/sbin:/bin
bb=/bin/busybox
cd /scratch
{body}
LAB
$bb poweroff -f
"""


def report(built: LabImage, engine: Engine, limits: Limits, body: str) -> str:
    """What these lines of a shell print in a machine of their own, to its end."""
    with machine(built, engine, limits, body) as (process, folder):
        ended = wait_for(process, PATIENCE_S)
        printed = (folder / "printed").read_text(encoding="utf-8")
        console = (folder / "console").read_text(encoding="utf-8", errors="replace")
        assert ended and printed, f"the machine printed nothing; its console: {console[-2000:]}"
        return printed


@contextmanager
def machine(
    built: LabImage, engine: Engine, limits: Limits, body: str, port: int | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Its process, and the folder in which `printed` holds what the lines print."""
    with scratch_folder() as folder:
        process = spawn(command(built, engine, limits, body, folder, port), bare=True)
        try:
            yield process, folder
        finally:
            end(process)


def command(
    built: LabImage, engine: Engine, limits: Limits, body: str, folder: Path, port: int | None
) -> list[str]:
    assert built.architecture == AMD64, "its second serial port is another one elsewhere"
    kernel, initrd, line = (boots(engine, built, limits)[at] for at in (1, 3, 5))
    line = re.sub(r"\brdinit=\S+", "rdinit=/hand", line)
    assert "rdinit=/hand" in line
    card = () if port is None else network_card(port)
    return [
        PROGRAMS[built.architecture],
        *("-machine", MACHINES[built.architecture], "-accel", engine),
        *("-cpu", "max" if engine == "tcg" else "host"),
        *("-smp", str(limits.cpus), "-m", f"{limits.memory_mib}M"),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-serial", f"file:{folder / 'console'}", "-serial", f"file:{folder / 'printed'}"),
        *("-kernel", kernel, "-initrd", str(initrd_with(Path(initrd), body, folder))),
        *("-append", line, *root_disk(built)),
        *make_disk(folder / "scratch.raw", limits, beside_root=True),
        *card,
    ]


def initrd_with(initrd: Path, body: str, folder: Path) -> Path:
    """The image's initramfs, and behind it an archive with the first process: the kernel unpacks
    both (its Documentation/driver-api/early-userspace/buffer-format.rst)."""
    made = folder / "initrd"
    whole = initrd.read_bytes()
    with made.open("wb") as file:
        file.write(whole + bytes(-len(whole) % 4))
        write_cpio([Entry("hand", 0o100755, FIRST.replace("{body}", body).encode())], file)
    return made
