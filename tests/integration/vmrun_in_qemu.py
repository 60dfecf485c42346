#!/usr/bin/env python3
"""A vmrun for tests: it boots the devices that a .vmx names in QEMU, as far as both have them.

Beside it lies QEMU under the name of VMware's own program, `vmware-vmx`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import psutil

MACHINE = Path(sys.argv[0]).with_name("vmware-vmx")


def read(vmx: Path) -> dict[str, str]:
    """Key → value; a character may be written as | and its number."""
    found = re.findall(r'^(\S+) = "(.*)"$', vmx.read_text(encoding="utf-8"), re.MULTILINE)
    return {key: re.sub(r"\|(..)", lambda n: chr(int(n[1], 16)), value) for key, value in found}


def command(vmx: Path) -> list[str]:
    """QEMU's command line for this machine; KeyError for what the .vmx does not say."""
    said = read(vmx)
    words = ["-machine", "q35", "-accel", "tcg", "-m", said["memsize"], "-smp", said["numvcpus"]]
    words += ["-boot", {"cdrom": "order=d"}[said["bios.bootOrder"]], "-no-reboot", "-daemonize"]
    words += ["-nodefaults", "-no-user-config", "-display", "none"]
    words += ["-vga", {"TRUE": "vmware"}[said["svga.present"]]]
    for place in places(said, r"sata\d+:\d+"):
        drive = file(vmx, said, place, {"cdrom-image": "raw"}[said[f"{place}.deviceType"]])
        words += ["-drive", f"{drive},id=cd,media=cdrom", "-device", "ide-cd,drive=cd,bus=ide.0"]
    for place in places(said, r"nvme\d+:\d+"):
        words += ["-drive", f"{file(vmx, said, place, 'vmdk')},id=disk"]
        words += ["-device", "nvme,drive=disk,serial=disk"]
    for port in places(said, r"serial\d+"):
        assert said[f"{port}.fileType"] == "pipe" and said[f"{port}.pipe.endPoint"] == "server"
        path = said[f"{port}.fileName"]
        words += ["-chardev", f"socket,id={port},path={path},server=on,wait=off"]
        words += ["-serial", f"chardev:{port}"]
    return [str(MACHINE), "-name", str(vmx), *words]


def places(said: dict[str, str], pattern: str) -> list[str]:
    """The devices of this kind, in their order."""
    keys = [re.fullmatch(rf"({pattern})\.present", key) for key, value in said.items()]
    return sorted(found[1] for found in keys if found and said[found[0]] == "TRUE")


def file(vmx: Path, said: dict[str, str], place: str, kind: str) -> str:
    return f"file={vmx.parent / said[f'{place}.fileName']},format={kind},if=none"


def running() -> dict[str, psutil.Process]:
    found = psutil.process_iter(["name", "cmdline"])
    machines = [process for process in found if process.info["name"] == MACHINE.name]
    return {process.info["cmdline"][2]: process for process in machines if process.info["cmdline"]}


def vmrun(command_: str, vmx: str = "", *words: str) -> int:
    if command_ == "list":
        paths = list(running())
        print("\n".join([f"Total running VMs: {len(paths)}", *paths]))
    elif command_ == "start" and words == ("nogui",):
        done = subprocess.run(command(Path(vmx)), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return refuse(f"Unknown error: {done.stderr}")
    elif command_ == "stop" and words == ("hard",):
        machine = running().get(vmx)
        if machine is None:
            return refuse(f"The virtual machine is not powered on: {vmx}")
        machine.kill()
    elif command_ == "deleteVM" and vmx not in running():
        for path in (Path(vmx), *Path(vmx).parent.glob("*.vmdk")):
            path.unlink()
    else:
        return refuse(f"Unrecognized command: {command_}")
    return 0


def refuse(why: str) -> int:
    print(f"Error: {why}")
    return 255


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print("vmrun version 1.0.0 (QEMU, for tests)\n\nUsage: vmrun COMMAND [PARAMETERS]")
        sys.exit(255)
    assert sys.argv[1:3] == ["-T", "ws"]
    sys.exit(vmrun(*sys.argv[3:]))
