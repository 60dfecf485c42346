"""What a machine is made of: its settings, its boot medium, its disk.

Everything is the same for both engines, but what makes VirtualBox do without its driver.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from labkit.backends.base import INNER_PORT
from labkit.backends.boot_medium import SCRATCH_MIB, describe_disk
from labkit.backends.serial_ports import AGENT, CONSOLE
from labkit.backends.virtualbox.disk import make_empty_disk
from labkit.backends.virtualbox.machine import Machine
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine
from labkit.system import owned_files
from labkit.system.ports import LOOPBACK

# The first guest of VirtualBox's own network has it: manual, "Network Address Translation".
GUEST_ADDRESS = "10.0.2.15"

# No device that no workload uses. The boot medium's kernel runs without ACPI and I/O APIC.
_LEAN: Mapping[str, str] = {
    "ioapic": "off",
    "graphicscontroller": "vboxvga",
    "vram": "4",
    "audio-driver": "none",
    "nic1": "none",
    "usb-ohci": "off",
    "keyboard": "ps2",
    "mouse": "ps2",
    "rtcuseutc": "on",
    "boot1": "dvd",
    "boot2": "none",
    "boot3": "none",
    "boot4": "none",
    "firmware-boot-menu": "disabled",
    "firmware-logo-fade-in": "off",
    "firmware-logo-fade-out": "off",
    "firmware-logo-display-time": "0",
}
# The recompiler has no paravirtual interface to offer.
_DRIVERLESS: Mapping[str, str] = {"vm-execution-engine": "recompiler", "paravirt-provider": "none"}
# The interpreter knows these instructions, but hides them unless told otherwise; without a
# source of random numbers the kernel makes its own, for a tenth of its start.
_DRIVERLESS_EXTRA: Mapping[str, str] = {
    "VBoxInternal/EM/IemExecutesAll": "1",
    "VBoxInternal/CPUM/IsaExts/RDRAND": "1",
    "VBoxInternal/CPUM/IsaExts/RDSEED": "1",
}
# With IDE the firmware reads the boot medium through a port: each access leaves the machine. With
# AHCI the controller writes to memory. An interpreter leaves nothing, so both are alike to it.
_CD: Mapping[Engine, tuple[str, str]] = {"vbox-hm": ("sata", "IntelAhci")}


def settings(
    engine: Engine, limits: Limits, ports: Path, port: int | None = None
) -> dict[str, tuple[str, ...]]:
    """What modifyvm sets. The serial ports are sockets in `ports` that VirtualBox listens on.
    `port` on this computer's loopback leads to the machine's own server."""
    words = {"memory": str(limits.memory_mib), "cpus": str(limits.cpus), **_LEAN}
    if port is not None:
        forward = f"http,tcp,{LOOPBACK},{port},{GUEST_ADDRESS},{INNER_PORT}"
        words |= {"nic1": "nat", "nictype1": "virtio", "natpf1": forward}
    if engine == "vbox-recompiler":
        words |= _DRIVERLESS
    return {key: (value,) for key, value in words.items()} | {
        "uart1": ("0x3F8", "4"),
        "uartmode1": ("server", str(ports / CONSOLE)),
        "uart2": ("0x2F8", "3"),
        "uartmode2": ("server", str(ports / AGENT)),
    }


def configure(machine: Machine, image: LabImage, limits: Limits) -> None:
    """Makes the machine one that boots the lab image, whose disk, if it has one, it reads and never
    writes."""
    manage, name, folder, root = machine.manage, machine.name, machine.folder, image.disk
    assert image.iso is not None, "missing() has refused such a computer"
    modify(machine, settings(machine.engine, limits, machine.ports, machine.port))
    bus, kind = _CD.get(machine.engine, ("ide", "PIIX4"))
    manage.add_controller(name=name, controller="cd", bus=bus, kind=kind)
    manage.attach(
        name=name, controller="cd", kind="dvddrive", medium=place(image.iso, machine.home)
    )
    places = 2 if root else 0
    manage.add_controller(name=name, controller="scratch", bus="pcie", kind="NVMe", ports=places)
    disk = make_empty_disk(folder / "scratch.vdi", SCRATCH_MIB << 20)
    manage.attach(name=name, controller="scratch", kind="hdd", medium=disk)
    if root:
        disk = describe_disk(place(root, folder), folder / "root.vmdk")
        manage.attach(
            name=name, controller="scratch", kind="hdd", medium=disk, port=1, mode="immutable"
        )


def modify(machine: Machine, words: Mapping[str, Sequence[str]]) -> None:
    """Sets these, and what makes VirtualBox do without its driver."""
    machine.manage.modify_vm(name=machine.name, settings=words)
    if machine.engine == "vbox-recompiler":
        for key, value in _DRIVERLESS_EXTRA.items():
            machine.manage.set_extra_data(name=machine.name, key=key, value=value)


def place(file: Path, folder: Path) -> Path:
    """A file of the lab image inside a folder that VirtualBox sees, by the image's name: a link
    where that is possible, else a copy."""
    target = folder / f"{file.parent.name}{file.suffix}"
    if not target.exists():
        partial = target.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            partial.hardlink_to(file)
        if not partial.exists():
            shutil.copyfile(file, partial)
        owned_files.settle(partial, target)
    return target
