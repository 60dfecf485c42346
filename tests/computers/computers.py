"""Whole computers to try the lab on: what each is made of.

They exist only while a test runs: any distribution, kernel and control groups, hardware
virtualization as well (QEMU's tcg emulates AMD-V), and no figure of theirs is worth anything beside
another computer's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

# What every one has: systemd, and QEMU's agent, through which commands reach it.
BASE = (
    *("systemd", "systemd-sysv", "dbus", "udev", "qemu-guest-agent"),
    *("python3", "kmod", "procps", "iproute2", "ca-certificates", "gpgv"),
)
DOCKER = ("docker.io", "iptables", "apparmor")
ENGINES = (
    *("bubblewrap", "systemd-container", "lxc", "podman", "catatonit", "crun", "runsc"),
    *("firejail", "qemu-system-x86", "qemu-utils"),
)

# VirtualBox's driver for the computer's own kernel, from sid's sources: no Debian stable has it.
VBOXDRV = """
mirror=$(sed -n 's/^deb \\([^ ]*\\) .*/\\1/p' /etc/apt/sources.list | head -n 1)
echo "deb $mirror sid contrib" > /etc/apt/sources.list.d/sid.list
mkdir /build
cd /build
apt-get update
apt-get download virtualbox-dkms
dpkg-deb -x virtualbox-dkms*.deb .
kernel=/lib/modules/$(ls /lib/modules)
make -C $kernel/build M=$(echo /build/usr/src/virtualbox-*) modules
mkdir $kernel/misc
cp usr/src/virtualbox-*/vboxdrv/vboxdrv.ko $kernel/misc
depmod ${kernel##*/}
rm -r /build /etc/apt/sources.list.d/sid.list
"""

# User-mode Linux (labkit/backends/user_mode_linux.py) looks for its modules where every kernel
# does, knows iptables' older tables only, and has no virtio port for the agent: a serial line.
# Debian's ps, which Docker calls, asks there in vain when the computer was started.
USER_MODE = """
ln -s ../lib/uml/modules /usr/lib/modules
update-alternatives --set iptables /usr/sbin/iptables-legacy
ln -sf busybox /usr/bin/ps
cat >/etc/systemd/system/agent.service <<END
[Service]
ExecStart=/usr/sbin/qemu-ga --method isa-serial --path /dev/ttyS0
[Install]
WantedBy=multi-user.target
END
systemctl enable agent
"""

OLDER_KERNEL = """
mirror=$(sed -n 's/^deb \\([^ ]*\\) .*/\\1/p' /etc/apt/sources.list | head -n 1)
echo "deb $mirror bookworm main" > /etc/apt/sources.list.d/bookworm.list
apt-get update
apt-get download user-mode-linux/bookworm
dpkg-deb -x user-mode-linux*.deb /
rm user-mode-linux*.deb /etc/apt/sources.list.d/bookworm.list
"""


@dataclass(frozen=True)
class Computer:
    """A Debian of some suite; `python` is the version that the suite has, `then` a shell's script
    that is run in it once its packages are there."""

    name: str
    suite: str
    python: str
    packages: tuple[str, ...]
    then: str = ""
    # Emulated by QEMU, or a program by user-mode Linux: one processor, which is this computer's, so
    # that only its system calls are slow.
    machine: Literal["qemu", "uml"] = "qemu"
    memory_mib: int = 4096
    disk_gib: int = 6
    # Without AVX, whose emulation makes numpy die now and then; without page tables of five levels,
    # which VirtualBox does not know (labkit/backends/virtualbox/installation.py).
    cpu: str = "max,+svm,+npt,-avx,-avx2,-fma,-la57"
    # Xen, on the hardware; Linux and what runs on it is its first domain.
    xen: bool = False
    # The packages of lab images with programs are fetched for it beforehand: it has no network.
    programs: bool = False


DEBIAN_12 = Computer(
    name="debian-12",
    suite="bookworm",
    python="3.11",
    packages=(
        *("linux-image-amd64", *BASE, *DOCKER),
        *("qemu-system-x86", "linux-headers-amd64", "gcc", "make"),
    ),
    then=VBOXDRV,
)

# With the other container engines, for integration tests.
DEBIAN_12_SUITE = replace(
    DEBIAN_12,
    name="debian-12-suite",
    packages=("linux-image-amd64", *BASE, *DOCKER, *ENGINES),
    then="",
)

DEBIAN_12_UML = Computer(
    name="debian-12-uml",
    suite="bookworm",
    python="3.11",
    packages=(*BASE, *DOCKER, *ENGINES, "user-mode-linux", "gcc", "libc6-dev", "git", "busybox"),
    then=USER_MODE,
    machine="uml",
    programs=True,
)

# Its programs, such as Docker 26 and Python 3.13, on Debian 12's kernel: its own asks for a newer C
# library than the computer below has.
DEBIAN_13_UML = replace(
    DEBIAN_12_UML,
    name="debian-13-uml",
    suite="trixie",
    python="3.13",
    packages=(*(it for it in DEBIAN_12_UML.packages if it != "user-mode-linux"), "docker-cli"),
    then=OLDER_KERNEL + USER_MODE,
)

# A processor without anything for machines, which paravirtual domains do not need; with what "max"
# has, the first domain dies at once.
DEBIAN_12_XEN = replace(
    DEBIAN_12,
    name="debian-12-xen",
    packages=("linux-image-amd64", *BASE, "xen-hypervisor-4.17-amd64", "xen-utils-4.17"),
    then="gunzip -k /boot/xen-4.17-amd64.gz",
    cpu="Nehalem,model-id=QEMU TCG CPU",  # so that its figures are known as emulated
    xen=True,
)
