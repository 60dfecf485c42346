"""What a machine is made of: the text of its .vmx, in which each value stands in quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from labkit.backends.serial_ports import AGENT, CONSOLE
from labkit.errors import BackendError
from labkit.recordings.facts import Limits

# A machine's memory has pages of this size (in MiB).
STEP_MIB = 4

# Hardware version 14 is the first product's that all of this is in (Workstation 14, Fusion 10). No
# device that no workload uses; the disk's controller sits behind a port of PCI Express.
_HARDWARE: Mapping[str, str] = {
    ".encoding": "UTF-8",
    "config.version": "8",
    "virtualHW.version": "14",
    "guestOS": "otherlinux-64",
    "bios.bootOrder": "cdrom",
    "pciBridge0.present": "TRUE",
    "pciBridge4.present": "TRUE",
    "pciBridge4.virtualDev": "pcieRootPort",
    "pciBridge4.functions": "8",
    "svga.present": "TRUE",
    "floppy0.present": "FALSE",
    "sound.present": "FALSE",
    "usb.present": "FALSE",
    "vmci0.present": "FALSE",
    # Its memory is no file that grows beside it; questions are answered, since nobody sees them.
    "mainMem.useNamedFile": "FALSE",
    "msg.autoAnswer": "TRUE",
    "uuid.action": "create",
}


def settings(name: str, limits: Limits, iso: Path, disk: Path, ports: Path) -> dict[str, str]:
    """The serial ports are sockets in `ports` that the machine listens on."""
    if limits.memory_mib % STEP_MIB:
        raise BackendError(
            f"a machine of VMware has no {limits.memory_mib} MiB of memory",
            details=f"it has a multiple of {STEP_MIB} MiB",
            resolution=f"--memory-mib {limits.memory_mib // STEP_MIB * STEP_MIB + STEP_MIB}",
        )
    return {
        **_HARDWARE,
        "displayName": name,
        "memsize": str(limits.memory_mib),
        "numvcpus": str(limits.cpus),
        **_device("sata0", "sata0:0", {"deviceType": "cdrom-image", "fileName": str(iso)}),
        **_device("nvme0", "nvme0:0", {"fileName": disk.name}),
        **_serial("serial0", ports / CONSOLE),
        **_serial("serial1", ports / AGENT),
    }


def text(values: Mapping[str, str]) -> str:
    return "".join(f'{key} = "{_escaped(value)}"\n' for key, value in values.items())


def _device(controller: str, place: str, values: Mapping[str, str]) -> dict[str, str]:
    words = {"present": "TRUE", **values}
    return {f"{controller}.present": "TRUE"} | {f"{place}.{k}": v for k, v in words.items()}


def _serial(port: str, socket: Path) -> dict[str, str]:
    """VMware's pipe is a socket on Linux and macOS. tryNoRxLoss: at its other end is a program, and
    no machine; yieldOnMsrRead: a guest that waits for its port leaves the processor."""
    words = {
        "present": "TRUE",
        "fileType": "pipe",
        "fileName": str(socket),
        "pipe.endPoint": "server",
        "startConnected": "TRUE",
        "tryNoRxLoss": "TRUE",
        "yieldOnMsrRead": "TRUE",
    }
    return {f"{port}.{key}": value for key, value in words.items()}


def _escaped(value: str) -> str:
    """A character that would end a value is written as | and its number."""
    return re.sub(r'["|#\x00-\x1f\x7f]', lambda found: f"|{ord(found[0]):02X}", value)
