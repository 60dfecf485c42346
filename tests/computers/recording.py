"""Records data/reference/emulated-amd-v, in a computer that exists only meanwhile: a quarter of an
hour on two quiet processors. `python -m tests.computers.recording`, as root.

What it has measured is copied out every minute: a recording that is broken off leaves that in
the folder of the tests' disks.
"""

from __future__ import annotations

import base64
import io
import shutil
import tarfile

from labkit.experiments.reference import REFERENCES
from labkit.system import owned_files
from labkit.system.owner_marks import scratch_folder
from labkit.system.paths import reference_dir
from tests.computers.agent import ANSWER_TIMEOUT_S
from tests.computers.computers import DEBIAN_12
from tests.computers.conftest import require_builders
from tests.computers.disks import kept_folder
from tests.computers.machine import Machine, running
from tests.computers.test_debian_12 import PATIENT_LABKIT

NAME = "emulated-amd-v"
TIMEOUT_S = 3 * 3600.0


def main() -> None:
    require_builders(DEBIAN_12)
    with running(DEBIAN_12, "modprobe kvm-amd; systemctl start docker") as machine:

        def look(said: str) -> None:
            print(said.splitlines()[-1:], flush=True)
            copied(machine)

        machine.run_watched(f"{PATIENT_LABKIT} run {options()}", TIMEOUT_S, look)
        packed = copied(machine)
    with scratch_folder() as folder, owned_files.unfinished_folder(reference_dir()) as place:
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            tar.extractall(folder, filter="data")
        shutil.copytree(folder / NAME, place / "new")
        owned_files.supersede(reference_dir() / NAME, place / "new")


def options() -> str:
    """Those of labkit/experiments/reference.py, as words of the command."""
    chosen = REFERENCES[NAME].options.items()
    texts = {name: ",".join(it) if isinstance(it, list) else str(it) for name, it in chosen}
    words = (f"--{name.replace('_', '-')} {text}" for name, text in texts.items())
    return f"{' '.join(words)} --out /tmp/{NAME}"


def copied(machine: Machine) -> bytes:
    """What is there so far; kept outside, too."""
    script = f"tar -C /tmp --exclude report.html -c $(cd /tmp; ls -d {NAME} said) | base64 -w0"
    packed = base64.b64decode(machine.run(script, ANSWER_TIMEOUT_S).stdout)
    (kept_folder() / f"{NAME}.tar").write_bytes(packed)
    return packed


if __name__ == "__main__":
    main()
