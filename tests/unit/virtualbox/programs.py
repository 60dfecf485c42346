#!/usr/bin/env python3
"""VBoxManage, VirtualBoxVM, VBoxHeadless and Xvfb for tests: one script, copied under each name.

It writes down how it was called, and a machine's process answers on its serial ports as a guest
does. What it needs to know goes through the folder in FAKE_VBOX.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.unit.fake_guest import serve

FOLDER = Path(os.environ.get("FAKE_VBOX", "."))
NAME = Path(sys.argv[0]).name


def manage(words: list[str]) -> int:
    words = words[1:] if words[:1] == ["-q"] else words
    if words == ["--version"]:
        print("7.2.22r1")
    elif words[0] == os.environ.get("FAKE_VBOX_FAILS"):
        print("VBoxManage: error: it was told to fail", file=sys.stderr)
        return 1
    elif words[0] == "modifyvm":
        ports = [words[words.index(f"--uartmode{i}") + 2] for i in (1, 2)]
        (FOLDER / f"{words[1]}.json").write_text(json.dumps(ports))
    elif words[0] == "startvm":
        program = str(Path(sys.argv[0]).with_name("VBoxHeadless"))
        argv = [program, "--comment", words[1], "--startvm", words[1]]
        subprocess.Popen(argv, start_new_session=True, stdout=-3, stderr=-3)  # DEVNULL
    elif words[:1] == ["controlvm"]:
        (FOLDER / f"{words[1]}.off").touch()
    return 0


def machine(name: str) -> None:
    console, agent = json.loads((FOLDER / f"{name}.json").read_text())
    serve(console, agent, ended=(FOLDER / f"{name}.off").exists)


if __name__ == "__main__":
    with (FOLDER / "calls.jsonl").open("a") as calls:
        print(json.dumps([NAME, *sys.argv[1:]]), file=calls)
    if NAME == "VBoxManage":
        sys.exit(manage(sys.argv[1:]))
    if NAME == "Xvfb":
        os.write(int(sys.argv[sys.argv.index("-displayfd") + 1]), b"7\n")
        time.sleep(60)
    else:
        machine(sys.argv[sys.argv.index("--startvm") + 1])
