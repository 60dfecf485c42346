"""The .vmx: its text, and what a program that is not ours reads in it."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from labkit.backends.vmware.settings import settings, text
from labkit.recordings.facts import Limits

ODD = Path("/a,b 'c\" |#;$%/한")
PROGRAMS = {
    "vmrun": "Total running VMs: 0",
    "vmware": "VMware Workstation 17.6.2 build-24409262",
}


def made(folder: Path) -> dict[str, str]:
    disk = folder / "scratch.vmdk"
    return settings("labkit-1-2.3-4", Limits(memory_mib=128), folder / "lab.iso", disk, folder)


def test_its_devices() -> None:
    found = made(Path("/m"))
    assert found["memsize"] == "128" and found["numvcpus"] == "1"
    assert found["sata0:0.fileName"] == "/m/lab.iso"
    assert found["nvme0:0.fileName"] == "scratch.vmdk"
    assert {key for key in found if key.endswith("pipe.endPoint")} == {
        "serial0.pipe.endPoint",
        "serial1.pipe.endPoint",
    }
    assert not [key for key in found if key.startswith("ethernet")]


def test_each_line_is_a_key_and_a_value_in_quotes() -> None:
    for line in text(made(ODD)).splitlines():
        key, equals, value = line.partition(" = ")
        assert key and equals and len(value.split('"')) == 3 and "#" not in value, line


def test_an_independent_program_reads_it(tmp_path: Path) -> None:
    """libvirt's driver for VMware, which asks both programs before it reads a file."""
    if shutil.which("virsh") is None:
        pytest.skip("virsh (Debian's package libvirt-clients) is not installed")
    folder = tmp_path / ODD.name
    folder.mkdir()
    vmx = folder / "m.vmx"
    vmx.write_text(text(made(folder)), encoding="utf-8")
    for name, says in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (tmp_path / name).chmod(0o755)
    command = ["virsh", "-c", "vmwarews:///session", "domxml-from-native", "vmware-vmx", str(vmx)]
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        env={**os.environ, "PATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"<memory unit='KiB'>{128 * 1024}</memory>" in done.stdout
    ports = re.findall(r"<serial type='pipe'>\s*<source path='(.*)'/>", html.unescape(done.stdout))
    assert ports == [str(folder / "console"), str(folder / "agent")]
    media = re.findall(r"<disk type='file' device='cdrom'>\s*<source file='(.*)'/>", done.stdout)
    assert [html.unescape(place) for place in media] == [str(folder / "lab.iso")]
