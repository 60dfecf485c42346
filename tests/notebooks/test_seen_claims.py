"""What chapter 01 says in words, held to what was recorded for it."""

from __future__ import annotations

import pandas as pd
import pytest

from labkit import seen, stats
from labkit.seen import Sight

FOUR = ["host", "docker", "qemu", "virtualbox"]
OPEN = "docker:seccomp=unconfined"
CONTAINERS = ["docker", OPEN, "chroot", "unshare", "crun", "runc", "containerd"]


@pytest.fixture(scope="module")
def sight() -> Sight:
    return seen.load()


@pytest.fixture(scope="module")
def facts(sight: Sight) -> pd.DataFrame:
    rows = sight.frame.query("kind == 'fact'")
    return rows.pivot(index="name", columns="backend", values="value")


@pytest.fixture(scope="module")
def table(sight: Sight) -> pd.DataFrame:
    return stats.seen(sight.frame).set_index(["backend", "aspect"])


def cells(table: pd.DataFrame, backend: str, section: str) -> pd.DataFrame:
    mine = table.loc[backend]
    return mine[mine["section"] == section]


def test_ten_backends_and_three_kernels(sight: Sight) -> None:
    assert set(sight.manifest.backends) == {"host", *CONTAINERS, "qemu", "virtualbox"}
    kernels = stats.kernels(sight.frame)
    assert kernels["backends"].str.split(", ").tolist()[0] == ["host", *CONTAINERS]
    assert kernels["backends"].tolist()[1:] == ["qemu", "virtualbox"]
    assert kernels["kernel_release"].nunique() == 2  # the same version, two kernels


def test_the_recorded_computer_emulates(sight: Sight) -> None:
    engines = {name: info.engine for name, info in sight.manifest.backends.items()}
    assert (engines["qemu"], engines["virtualbox"]) == ("tcg", "vbox-recompiler")


def test_the_plain_answers_read_row_by_row(facts: pd.DataFrame) -> None:
    assert len(facts.at["hostname", "docker"]) == 12  # the container's id
    assert facts.at["hostname", "qemu"] == facts.at["hostname", "virtualbox"] == "(none)"
    seen_ = facts.loc["processes"].astype(int)
    assert seen_["docker"] < 15 < seen_["qemu"] < seen_["host"]
    assert facts.at["root_type", "docker"] == "overlay"
    assert facts.at["root_type", "qemu"] == "rootfs"
    for name in ("disks", "memory_kib"):
        assert facts.at[name, "docker"] == facts.at[name, "host"]
        assert facts.at[name, "qemu"] != facts.at[name, "host"]
    assert int(facts.at["memory_kib", "docker"]) > 1024**2
    assert int(facts.at["memory_kib", "qemu"]) < 256 * 1024
    up = facts.loc["uptime_s"].astype(float)
    assert abs(up["docker"] - up["host"]) < 300
    assert up["qemu"] < 60
    assert facts.loc["clock_off_s", FOUR].astype(int).abs().max() <= 60


def test_the_process_is_orange_the_machines_are_blue(table: pd.DataFrame) -> None:
    assert set(cells(table, "host", "what it sees")["touches"]) == {"host"}
    for name in ("qemu", "virtualbox"):
        assert set(cells(table, name, "what it sees")["touches"]) == {"own"}
        may = cells(table, name, "what it may do")["touches"]
        assert may[may != "own"].to_dict() == {"signal a host's process": "nothing"}


def test_the_container_shares_six_things_and_is_refused_everything(table: pd.DataFrame) -> None:
    sees = cells(table, "docker", "what it sees")["touches"]
    assert (sees == "host").sum() == 6
    assert set(cells(table, "docker", "what it may do")["word"]) == {"refused"}
    assert table.at[("docker", "capabilities"), "word"] == "none"
    assert table.at[("docker", "system calls"), "word"] == "filtered"


def test_where_the_refusals_come_from(table: pd.DataFrame) -> None:
    refused = {
        name: int((cells(table, name, "what it may do")["word"] == "refused").sum())
        for name in CONTAINERS
    }
    assert refused["chroot"] <= refused["unshare"] + 1 < 5 < 9 < refused["runc"]
    assert table.at[("chroot", "signal a host's process"), "touches"] == "host"
    assert table.at[("unshare", "mount something"), "touches"] == "own"
    assert table.at[("unshare", "signal a host's process"), "word"] == "refused"
    for aspect in ("set a kernel variable", "read the kernel's log"):
        assert table.at[("unshare", aspect), "touches"] == "host"


def test_the_filter_makes_one_difference(table: pd.DataFrame) -> None:
    words = table["word"].unstack("backend")
    differ = words[words["docker"] != words[OPEN]]
    assert list(differ.index) == ["make a user namespace", "system calls"]
    assert differ.at["make a user namespace", "docker"] == "refused"


def test_the_hosts_kernel_loads_no_modules(table: pd.DataFrame) -> None:
    assert table.at[("host", "load a kernel module"), "detail"] == "ENOSYS"
    assert table.at[("docker", "load a kernel module"), "detail"] == "EPERM"
