"""A cloud image as distributions publish them, made of Debian's packages: one qcow2 that a firmware
boots, with cloud-init and an SSH server that has no keys yet."""

from __future__ import annotations

import io
import struct
from pathlib import Path

from labkit.system.process import run
from tests.bootable_disk import bootable
from tests.computers.disks import BUILD_TIMEOUT_S, TIMERS, install, kept, mask

HOSTNAME = "published"
PACKAGES = (
    *("linux-image-cloud-amd64", "systemd-sysv", "dbus", "udev", "kmod", "iproute2", "netbase"),
    *("cloud-init", "e2fsprogs", "openssh-server"),  # it makes the file system larger, and the keys
)
# systemd waits 90 s for a device, which is too short for an emulated computer on a busy one.
THEN = f"""mkdir /etc/systemd/system.conf.d
printf '[Manager]\\nDefaultDeviceTimeoutSec=20min\\n' >/etc/systemd/system.conf.d/patient.conf
systemctl enable systemd-networkd
rm -f /etc/ssh/ssh_host_*
: >/etc/machine-id
echo {HOSTNAME} >/etc/hostname"""
UUID = "1ab1ab1a-8a37-4f0c-9c2e-c10dc10dc10d"
LINE = f"root=UUID={UUID} rw console=ttyS0 quiet mitigations=off"
SIZE_MIB, SECTOR = 1024, 512


def cloud_image() -> Path:
    """It is kept; where it is not there, that takes a few minutes."""
    return kept("cloud-image", [PACKAGES, THEN, LINE, SIZE_MIB], _make) / "cloud.qcow2"


def _make(folder: Path) -> None:
    root, system = folder.with_name("root"), folder.with_name("system.ext4")
    install(root, "bookworm", PACKAGES, THEN)
    mask(root, TIMERS)
    made = ["mke2fs", "-q", "-t", "ext4", "-U", UUID, "-d", str(root), str(system)]
    run([*made, f"{SIZE_MIB}M"], timeout=BUILD_TIMEOUT_S)
    disk = folder.with_name("disk.raw")
    _boot_partition(disk, root)
    _add_partition(disk, system)
    made = ["qemu-img", "convert", "-O", "qcow2", str(disk), str(folder / "cloud.qcow2")]
    run(made, timeout=BUILD_TIMEOUT_S)


def _boot_partition(disk: Path, root: Path) -> None:
    """isolinux as a disk's boot loader (isohybrid): the kernel and its initramfs."""
    [kernel], [initramfs] = root.glob("boot/vmlinuz-*"), root.glob("boot/initrd.img-*")
    bootable(disk, LINE, kernel.read_bytes(), initramfs.read_bytes())


def _add_partition(disk: Path, system: Path) -> None:
    """As the second one of the partition table, sparse. An entry has 16 bytes: a flag, where it
    begins by cylinders (which nobody reads), its type, where it ends, its first sector, and how
    many these are."""
    with disk.open("r+b") as file, system.open("rb") as source:
        begin = (file.seek(0, io.SEEK_END) + (1 << 20) - 1) >> 20 << 20
        while block := source.read(1 << 20):
            if block.strip(b"\0"):
                file.seek(begin + source.tell() - len(block))
                file.write(block)
        file.truncate(begin + source.tell())
        file.seek(446 + 16)
        sectors = begin // SECTOR, source.tell() // SECTOR
        file.write(struct.pack("<B3sB3sII", 0, b"\xff" * 3, 0x83, b"\xff" * 3, *sectors))
