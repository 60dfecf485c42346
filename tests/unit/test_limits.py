"""What a process is held to: made-up control groups of both versions, real address spaces."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from labkit.backends.docker.inside import _held
from labkit.system import limits
from labkit.system.limits import Held
from labkit.system.process import end, spawn

GIB = 2**30
V1 = "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/\n"
V2 = "0::/lab.slice/docker-abc.scope\n"


def held(
    folder: Path, memberships: str, files: Mapping[str, str], mask: str = "00000000,0000000f"
) -> Held:
    """Of this process, as if these were its groups."""
    proc = folder / "proc" / str(os.getpid())
    proc.mkdir(parents=True)
    (proc / "cgroup").write_text(memberships)
    (proc / "status").write_text(f"Cpus_allowed:\t{mask}\nCpus_allowed_list:\t0-3\n")
    (proc / "limits").write_text("Max address space         unlimited    unlimited    bytes\n")
    for name, text in files.items():
        (folder / "cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup" / name).write_text(text)
    mount = folder / "cgroup"
    proc = folder / "proc"
    return limits.of_process(os.getpid(), mount=mount, proc=proc, total=8 * GIB, online=8)


CPUS = 4.0


@pytest.mark.parametrize(
    ("memberships", "files", "expected"),
    [
        (
            V2,
            {
                "cgroup.controllers": "cpu memory\n",
                "lab.slice/memory.max": f"{GIB}\n",  # above it: as tight as its own
                "lab.slice/docker-abc.scope/memory.max": f"{2 * GIB}\n",
                "lab.slice/cpu.max": "max 100000\n",
                "lab.slice/docker-abc.scope/cpu.max": "50000 100000\n",
            },
            Held(GIB, 0.5),
        ),
        (
            V1,
            {
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
                "memory/docker/memory.limit_in_bytes": f"{3 * GIB}\n",
                "memory/docker/abc/memory.limit_in_bytes": "9223372036854771712\n",
                "cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "25000\n",
                "cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
            },
            Held(3 * GIB, 0.25),
        ),
        # In a container the path is the host's, and the tree begins with its own group.
        (V2, {"cgroup.controllers": "memory\n", "memory.max": f"{GIB}\n"}, Held(GIB, CPUS)),
        (V1, {"memory/memory.limit_in_bytes": f"{GIB}\n"}, Held(GIB, CPUS)),
        # Without a limit it is all that the computer has.
        (V2, {"cgroup.controllers": "\n"}, Held(8 * GIB, CPUS)),
        (
            V1,
            {
                "cpu/docker/abc/cpu.cfs_quota_us": "-1\n",
                "cpu/docker/abc/cpu.cfs_period_us": "100000\n",
            },
            Held(8 * GIB, CPUS),
        ),
    ],
)
def test_the_tightest_group_holds(
    tmp_path: Path, memberships: str, files: Mapping[str, str], expected: Held
) -> None:
    assert held(tmp_path, memberships, files) == expected


def test_cpus_that_might_be_plugged_in_are_none(tmp_path: Path) -> None:
    mask = ",".join(["ffffffff"] * 4)
    assert held(tmp_path, V2, {"cgroup.controllers": "\n"}, mask) == Held(8 * GIB, 8.0)


@pytest.mark.parametrize("flag", ["-v", "-d"])
def test_the_size_of_address_space_and_of_data_holds_too(flag: str) -> None:
    process = spawn(["sh", "-c", f"ulimit {flag} 102400; echo ready; read line"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    try:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        assert limits.of_process(process.pid).memory_bytes == 100 * 2**20
    finally:
        end(process)


def test_nothing_is_known_of_a_process_that_is_not_to_be_seen(tmp_path: Path) -> None:
    assert limits.of_process(os.getpid(), proc=tmp_path) == Held()


def test_the_tightest_of_several_is_what_is_known() -> None:
    given = [Held(None, 1.0), Held(GIB, None), Held(2 * GIB, 2.0)]
    assert limits.tightest(given) == Held(GIB, 1.0)
    assert limits.tightest([]) == Held()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"groups": "shown", "memory": "64", "mask": "3", "total_kib": "8"}, Held(64, 2.0)),
        ({"groups": "shown", "memory": "max", "total_kib": "8", "mask": "1"}, Held(8192, 1.0)),
        ({"groups": "shown", "total_kib": "8"}, Held(8192, None)),  # no memory controller
        ({"total_kib": "8"}, Held()),  # no control groups to be seen: nothing is known
        ({"quota_us": "50000", "period_us": "100000", "mask": "ff"}, Held(None, 0.5)),
        ({"quota_us": "max", "period_us": "100000", "mask": "f"}, Held(None, 4.0)),
        ({"mask": "f" * 32, "online": "4"}, Held(None, 4.0)),  # 124 might be plugged in
        ({"mask": "3", "online": "4"}, Held(None, 2.0)),
        ({"mask": "3", "online": "0"}, Held(None, 2.0)),  # /proc/cpuinfo does not tell
        ({}, Held()),
    ],
)
def test_what_a_container_sees_of_its_limits(said: Mapping[str, str], expected: Held) -> None:
    assert _held(said) == expected
