"""The command line of a machine of QEMU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from labkit.backends.base import INNER_PORT
from labkit.image import LabImage
from labkit.image.cmdline import command_line
from labkit.ports import LOOPBACK
from labkit.records import Engine, Limits

PROGRAM = "qemu-system-x86_64"
MACHINE = "q35"
SCRATCH_MIB = 64


def command(engine: Engine, image: LabImage, limits: Limits, folder: Path) -> list[str]:
    """The command line of a machine without a scratch disk; its sockets lie in `folder`."""
    processor = {"kvm": "host,-arch-capabilities", "hvf": "host"}.get(engine, "max")
    return [
        PROGRAM,
        *("-name", folder.name),
        *("-machine", MACHINE, "-accel", engine, "-cpu", processor),
        *("-smp", str(limits.cpus), "-m", f"{limits.memory_mib}M"),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-S"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initramfs)),
        *("-append", command_line(limits.cpus, network=limits.network)),
        *_serial("console", folder),
        *_serial("agent", folder),
        *("-qmp", f"unix:{folder / 'qmp'},server=on,wait=off"),
    ]


def make_disk(path: Path, limits: Limits) -> Sequence[str]:
    """A sparse file (it takes room on the host only as the guest writes), and the words that
    make it the guest's disk. QEMU itself keeps the limit (docs/throttle.txt)."""
    with path.open("wb") as file:
        file.truncate(SCRATCH_MIB * 1024 * 1024)
    drive = f"file={path},if=none,id=scratch,format=raw"
    if limits.disk_write_mib_per_s is not None:
        drive += f",throttling.bps-write={limits.disk_write_mib_per_s << 20}"
    return ("-drive", drive, "-device", "nvme,drive=scratch,serial=labkit")


def network_card(port: int) -> Sequence[str]:
    """A card in QEMU's own network (slirp), from which the guest reaches nothing, and one port of
    it on the host's loopback. romfile=: no program to boot from the network."""
    forward = f"hostfwd=tcp:{LOOPBACK}:{port}-:{INNER_PORT}"
    device = "virtio-net-pci,netdev=network,romfile="
    return ("-netdev", f"user,id=network,restrict=on,{forward}", "-device", device)


def _serial(name: str, folder: Path) -> Sequence[str]:
    path, log = folder / name, folder / f"{name}.log"
    chardev = f"socket,id={name},path={path},server=on,wait=off,logfile={log}"
    return ("-chardev", chardev, "-serial", f"chardev:{name}")
