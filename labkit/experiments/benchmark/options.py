"""What can be chosen for a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from labkit.experiments.options import Help, Names, Options


@dataclass(frozen=True)
class RunOptions(Options):
    """What is not named comes from the profile."""

    backends: Annotated[
        Names | None,
        Help(
            "Which, with commas between; all that can run here if not given. engine-parts: what a "
            "container engine is made of; spectrum: all from a process to a machine. A setting as "
            "in docker:network=bridge. Without host, the "
            "table's first one is what the others are compared with. Of your own, with --ready: "
            "docker:image=NAME; docker:image=./FOLDER, or /FOLDER or ~/FOLDER, a folder with a "
            "Dockerfile, which is built; qemu:disk=FILE and virtualbox:disk=FILE (qcow2, raw, "
            "VDI, VMDK, OVA; never written; ova=FILE says the same of an OVA). A cloud image: "
            "qemu:disk=FILE:seed=nocloud (cloud-init gets what a first boot needs) or seed=FILE."
        ),
    ] = None
    workloads: Annotated[
        Names | None,
        Help(
            "Which, with commas between; settings as in ballast:mib=128 or fio:rw=read:bs=1m, "
            "which may come several times."
        ),
    ] = None
    packages: Annotated[
        Names | None,
        Help(
            "Debian's packages whose programs are in the lab image, with commas between, for "
            "workloads of your own; what the lab's workloads name is there anyway."
        ),
    ] = None
    repeats: Annotated[int | None, Help("Trials of each backend.")] = None
    seconds: Annotated[float | None, Help("How long each workload lasts.")] = None
    profile: Annotated[
        str,
        Help(
            "quick: 5 trials, CPU and idle; reference: 10, four workloads; full: 10, all; "
            "web: 10, an HTTP server that is asked. A slow backend makes fewer. "
            "engine-parts: 20 starts at each depth of a container engine; "
            "spectrum: 10, all from a process to a machine; "
            "homework: 5, sysbench, fio, nginx, iperf3, and a report for a course; "
            "distribution: 5, one installed Debian with systemd until its login."
        ),
    ] = "quick"
    seed: Annotated[int | None, Help("Makes the order of the trials repeatable.")] = None
    cpus: Annotated[int, Help("CPUs of each instance.")] = 1
    memory_mib: Annotated[
        int | None,
        Help("Memory of each instance; 256, or what a program needs, if not given."),
    ] = None
    warmups: Annotated[
        int | None, Help("Starts of each backend before the first block, in no figure.")
    ] = None
    until_precision: Annotated[
        float | None,
        Help(
            "Add blocks until the interval of each ratio is narrower than this part of it "
            "(0.1: ten percent), or the time budget is spent.",
            "P",
        ),
    ] = None
    time_budget: Annotated[
        float | None, Help("Seconds that such a run may take in all; 600 if not given.")
    ] = None
    instances: Annotated[
        int | None,
        Help(
            "After the blocks, so many instances of each backend at once, to see what each "
            "further one costs; 1 for none. Backends that are too slow have fewer or none.",
            "N",
        ),
    ] = None
    ready: Annotated[
        str | None,
        Help(
            "When images of your own are ready: tcp:22, http://:8080/, console:login: or "
            "line:READY (a text on its output). One for a single image: "
            "docker:image=NAME:ready=tcp:80.",
            "CONDITION",
        ),
    ] = None
    sweep: Annotated[
        list[str] | None,
        Help(
            "Each backend at each of these values: cpus=1,2 or memory=256,512 (MiB) or a setting "
            "that it has; disk=raw,qcow2,vdi,vmdk: the format of the disk that QEMU's machines "
            "write to. Several make a grid. A workload's settings are listed one by one: "
            "--workloads sysbench:threads=1,sysbench:threads=2.",
            "SETTING=VALUES",
        ),
    ] = None
