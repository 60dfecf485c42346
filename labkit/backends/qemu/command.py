"""The command line of a machine of QEMU.

The machine's lines to the outside are sockets that it inherits: no path leads to them. In a value
with options QEMU takes a comma that is doubled as a comma.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from labkit.backends.base import INNER_PORT
from labkit.image import LabImage
from labkit.image.architecture import AMD64, ARM64, Architecture, of_this_computer
from labkit.image.cmdline import command_line
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine
from labkit.system.ports import LOOPBACK

# What a lab image for such a processor runs on.
PROGRAMS = {AMD64: "qemu-system-x86_64", ARM64: "qemu-system-aarch64"}
MACHINES = {AMD64: "q35", ARM64: "virt"}
SCRATCH_MIB = 64
# The chipset's timer, by which the guest's clock is right. That of an emulated processor (TSC) runs
# as the host's does, and a guest that measures it while the host is busy may be off by the half.
CLOCK = " pmtmr=0x608 clocksource=acpi_pm"
SOCKETS = CONSOLE, AGENT, CONTROL = "console", "agent", "qmp"


def here() -> Architecture:
    """Of the machines that are fast on this computer; reading needs none."""
    return of_this_computer() or AMD64


def command(
    engine: Engine, image: LabImage, limits: Limits, folder: Path, sockets: Mapping[str, int]
) -> list[str]:
    """The command line of a machine that has no disk and nothing to boot. `sockets` are the
    descriptors of its two serial ports and of its control; what the ports say is kept in `folder`,
    too."""
    return [
        PROGRAMS[image.architecture],
        *("-name", folder.name),
        *("-machine", MACHINES[image.architecture], "-accel", engine),
        *("-cpu", _processor(engine, image.architecture)),
        *("-smp", str(limits.cpus), "-m", f"{limits.memory_mib}M"),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-S"),
        *_serial(CONSOLE, folder, sockets),
        *_serial(AGENT, folder, sockets, card=image.architecture == ARM64),
        *("-chardev", f"socket,id={CONTROL},fd={sockets[CONTROL]}"),
        *("-mon", f"chardev={CONTROL},mode=control"),
    ]


def boots(engine: Engine, image: LabImage, limits: Limits) -> Sequence[str]:
    """The lab image's kernel and initramfs, for QEMU to load by itself. Where the processor is
    emulated, unpacking the kernel takes a fifth of a start: there it is one that is unpacked."""
    unpacked = engine == "tcg" and image.unpacked_kernel.exists()
    kernel = image.unpacked_kernel if unpacked else image.kernel
    line = command_line(
        limits.cpus,
        network=limits.network,
        shares=bool(image.packages),
        architecture=image.architecture,
    )
    if engine == "tcg" and image.architecture == AMD64:
        line += CLOCK
    return ("-kernel", str(kernel), "-initrd", str(image.initramfs), "-append", line)


def talking(image: LabImage) -> Sequence[str]:
    """In place of the kernel's command line: one by which it says whatever it has to say. Of
    several, QEMU takes the last."""
    return ("-append", f"{command_line(1, architecture=image.architecture)} ignore_loglevel")


def root_disk(image: LabImage) -> Sequence[str]:
    """The lab image's root file system where that lies on a disk, which QEMU does not write: the
    second namespace of a controller, whose first one is the guest's own disk. So both have the
    same name in each start (NVM Express Base Specification, "Namespaces")."""
    if image.disk is None:
        return ()
    drive = f"file={escaped(image.disk)},if=none,id=root,format=raw,readonly=on"
    controller = ("-device", "nvme,id=disks,serial=labkit")
    return ("-drive", drive, *controller, "-device", "nvme-ns,drive=root,bus=disks,nsid=2")


# The host's page cache lies below the guest's disk; a flush of the guest's is one of the host's
# (QEMU's manual, "-drive", cache=writeback, its default).
CACHE = "writeback"


def make_disk(
    path: Path,
    limits: Limits,
    *,
    beside_root: bool = False,
    kind: str = "raw",
    empty: bytes = b"",
) -> Sequence[str]:
    """A file that takes room on the host only as the guest writes, and the words that make it the
    guest's disk: `empty`, a disk of the format `kind`, or a raw one, which is sparse. QEMU itself
    keeps the limit (docs/throttle.txt). CACHE is what QEMU does anyway, said aloud."""
    with path.open("wb") as file:
        if not file.write(empty):
            file.truncate(SCRATCH_MIB * 1024 * 1024)
    drive = f"file={escaped(path)},if=none,id=scratch,format={kind},cache={CACHE}"
    if limits.disk_write_mib_per_s is not None:
        drive += f",throttling.bps-write={limits.disk_write_mib_per_s << 20}"
    device = "nvme-ns,bus=disks,nsid=1" if beside_root else "nvme,serial=labkit"
    return ("-drive", drive, "-device", f"{device},drive=scratch")


def network_card(port: int, inner: int = INNER_PORT, *, closed: bool = True) -> Sequence[str]:
    """A card in QEMU's own network (slirp), from which the guest reaches nothing if it is `closed`,
    and one port of it on the host's loopback. romfile=: no program to boot from the network."""
    forward = f"hostfwd=tcp:{LOOPBACK}:{port}-:{inner}"
    device = "virtio-net-pci,netdev=network,romfile="
    restrict = "restrict=on," if closed else ""
    return ("-netdev", f"user,id=network,{restrict}{forward}", "-device", device)


def escaped(path: Path) -> str:
    """A path as part of a value with options: QEMU's manual, "-device", on commas."""
    return str(path).replace(",", ",,")


def _processor(engine: Engine, architecture: Architecture) -> str:
    """arch-capabilities is a property of AMD64's alone: QEMU makes no other machine with it."""
    if engine == "kvm" and architecture == AMD64:
        return "host,-arch-capabilities"
    return "host" if engine in ("kvm", "hvf") else "max"


def _serial(
    name: str, folder: Path, sockets: Mapping[str, int], *, card: bool = False
) -> Sequence[str]:
    """A port of the machine's own, or a PCI card with one."""
    log = escaped(folder / f"{name}.log")
    chardev = f"socket,id={name},fd={sockets[name]},logfile={log}"
    port = ("-device", f"pci-serial,chardev={name}") if card else ("-serial", f"chardev:{name}")
    return ("-chardev", chardev, *port)
