#!/usr/bin/env python3
"""vmrun and vmware-vmx for tests: one script, copied under each name.

It writes down how it was called, answers as the real one is documented to, and a machine's process
answers on its serial ports as a guest does. What it needs to know goes through the folder in
FAKE_VMWARE.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psutil

from tests.unit.fake_guest import serve

FOLDER = Path(os.environ.get("FAKE_VMWARE", "."))
NAME = Path(sys.argv[0]).name
MACHINE = str(Path(sys.argv[0]).with_name("vmware-vmx"))


def vmrun(words: list[str]) -> int:
    if not words:
        print(
            "\nvmrun version 1.17.0 build-24409262\n\nUsage: vmrun [AUTHENTICATION-FLAGS] COMMAND"
        )
        return 255
    assert words[:2] == ["-T", "ws"]
    command, *rest = words[2:]
    if command == os.environ.get("FAKE_VMWARE_FAILS"):
        print("Error: Insufficient permissions")
        return 255
    running = machines()
    if command == "list":
        print("\n".join([f"Total running VMs: {len(running)}", *running]))
    elif command == "start":
        own = ["-s", "vmx.noUIBuildNumberCheck=TRUE", "-@", "duplex=3;msgs=ui", rest[0]]
        subprocess.Popen([MACHINE, *own], start_new_session=True, stdout=-3, stderr=-3)  # DEVNULL
    elif command == "stop":
        if rest[0] not in running:
            print(f"Error: The virtual machine is not powered on: {rest[0]}")
            return 255
        running[rest[0]].kill()
    return 0


def machines() -> dict[str, psutil.Process]:
    """Those of these programs that run, by their file."""
    found = {}
    for process in psutil.process_iter(["name", "cmdline"]):
        words = process.info["cmdline"] or []
        if process.info["name"] == "vmware-vmx" and MACHINE in words:
            found[words[-1]] = process
    return found


def machine(vmx: Path) -> None:
    console, agent = re.findall(r'^serial\d\.fileName = "(.*)"$', vmx.read_text(), re.MULTILINE)
    serve(console, agent, ended=lambda: False)


if __name__ == "__main__":
    with (FOLDER / "calls.jsonl").open("a") as calls:
        print(json.dumps([NAME, *sys.argv[1:]]), file=calls)
    if NAME == "vmrun":
        sys.exit(vmrun(sys.argv[1:]))
    machine(Path(sys.argv[-1]))
