"""Records data/reference/emulated-amd-v: `python -m tests.computers.recording`, hours on two busy
processors. It is made in a computer that exists only meanwhile."""

from __future__ import annotations

import base64
import io
import shutil
import tarfile

from labkit.system import owned_files
from labkit.system.owner_marks import scratch_folder
from labkit.system.paths import reference_dir
from tests.computers.computers import DEBIAN_12
from tests.computers.conftest import require_builders
from tests.computers.machine import running
from tests.computers.test_debian_12 import PATIENT_LABKIT

NAME = "emulated-amd-v"
# The same image on the same processor: by itself, under KVM, emulated.
OPTIONS = (
    "--backends host,docker,qemu,qemu:engine=tcg --repeats 6 --warmups 1 --seconds 2"
    " --workloads cpu,syscall,fork --seed 1 --ready-timeout 900"
)
TIMEOUT_S = 4 * 3600.0


def main() -> None:
    require_builders()
    with running(DEBIAN_12) as machine, scratch_folder() as folder:
        machine.run("modprobe kvm-amd; systemctl start docker", timeout=600)
        machine.run(f"{PATIENT_LABKIT} run {OPTIONS} --out /tmp/{NAME}", timeout=TIMEOUT_S)
        packed = machine.run(f"tar -C /tmp -c {NAME} | base64 -w0", timeout=600).stdout
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed))) as tar:
            tar.extractall(folder, filter="data")
        with owned_files.unfinished_folder(reference_dir()) as place:
            shutil.copytree(folder / NAME, place / "new")
            owned_files.supersede(reference_dir() / NAME, place / "new")


if __name__ == "__main__":
    main()
