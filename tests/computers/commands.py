"""The command lines of the machines: QEMU's, which emulates a computer, and user-mode Linux's.

Both give the agent's port a socket that they inherit, and keep what is written to a disk in a file
that is gone with them.
"""

from __future__ import annotations

from pathlib import Path

from labkit.backends.qemu.command import escaped
from tests.computers import disks
from tests.computers.computers import Computer

# On a busy computer, a service may take longer to start than systemd's 90 s; networks that nothing
# here needs take a minute each.
SYSTEMD = (
    "systemd.default_timeout_start_sec=1200",
    *(f"systemd.mask={name}.service" for name in ("lxc-net", "lxc", "lxc-monitord")),
)
KERNEL_LINE = "root=/dev/vda rw console=ttyS0 mitigations=off nokaslr no_timer_check quiet"
# For the first domain, so that the others have the rest.
XEN_LINE = "console=com1 com1=115200,8n1 dom0_mem=3G,max:3G dom0_max_vcpus=2 noreboot"
# How Linux names the disks: with a letter behind it, in the order of the command line.
DEVICES = {"qemu": "/dev/vd", "uml": "/dev/ubd"}


def command(computer: Computer, folder: Path, images: list[Path], agent: int) -> list[str]:
    made = {"qemu": _qemu, "uml": _user_mode}[computer.machine]
    return made(computer, folder, images, agent)


def _qemu(computer: Computer, folder: Path, images: list[Path], agent: int) -> list[str]:
    system = disks.system(computer)
    argv = ["qemu-system-x86_64", "-name", computer.name, "-machine", "q35"]
    argv += ["-accel", "tcg,thread=multi,tb-size=1024", "-cpu", computer.cpu]
    argv += ["-smp", "2", "-m", f"{computer.memory_mib}M", "-nodefaults", "-no-user-config"]
    argv += ["-display", "none", "-no-reboot", *_boot(computer, system)]
    argv += ["-serial", f"file:{folder / 'console.log'}"]
    argv += ["-chardev", f"socket,id=agent,fd={agent}", "-device", "virtio-serial"]
    argv += ["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"]
    for path in images:
        options = "format=raw,if=virtio,snapshot=on,cache=unsafe"
        argv += ["-drive", f"file={escaped(path)},{options}"]
    return argv


def _boot(computer: Computer, system: Path) -> list[str]:
    """Linux and its initial file system, by QEMU itself; or Xen, to which these are modules (the
    Multiboot Specification), the first one with its command line."""
    kernel, initial = str(system / "vmlinuz"), str(system / "initrd.img")
    line = " ".join((KERNEL_LINE, *SYSTEMD))
    if not computer.xen:
        return ["-append", line, "-kernel", kernel, "-initrd", initial]
    modules = f"{kernel} {line.replace('ttyS0', 'hvc0')},{initial}"
    return ["-kernel", str(system / "xen"), "-append", XEN_LINE, "-initrd", modules]


def _user_mode(computer: Computer, folder: Path, images: list[Path], agent: int) -> list[str]:
    """The kernel's Documentation/virt/uml: a disk is `changes,image`; its console is its output."""
    argv = [str(disks.system(computer) / "linux"), f"mem={computer.memory_mib}M", "quiet"]
    argv += [f"uml_dir={folder}", "umid=machine", "noreboot", *SYSTEMD]
    argv += ["root=/dev/ubda", "rw", "con=null", "con0=null,fd:1", "ssl=null", f"ssl0=fd:{agent}"]
    # c: no lock on the image, which other computers may read as well.
    argv += [f"ubd{number}c={folder}/changes-{number},{path}" for number, path in enumerate(images)]
    return argv
