"""Shared, own, refused: told by the same object of the same kernel."""

from __future__ import annotations

import pytest

from labkit.experiments.isolation import stats
from labkit.experiments.isolation.records import ATTEMPTS
from labkit.experiments.isolation.rows import ASPECTS, ATTEMPT_ROWS, LIMITS
from tests.unit.experiments.isolation.made_up import COMPUTER, KINDS, recording


@pytest.fixture(scope="module")
def touches() -> dict[tuple[str, str], str]:
    table = stats.matrix(recording().answers)
    pairs = zip(table["backend"], table["aspect"], strict=True)
    return dict(zip(pairs, table["touches"], strict=True))


def test_a_row_for_each_aspect_and_backend() -> None:
    table = stats.matrix(recording().answers)
    rows = [*ASPECTS, *LIMITS, *(row for row, _ in ATTEMPT_ROWS.values())]
    assert list(table["aspect"].unique()) == rows
    assert len(table) == len(rows) * len(KINDS)
    assert set(ATTEMPT_ROWS) == set(ATTEMPTS)
    assert {aspect for _, aspect in ATTEMPT_ROWS.values()} <= set(ASPECTS)


def test_a_container_shares_the_kernel_and_has_views_of_its_own(
    touches: dict[tuple[str, str], str],
) -> None:
    assert touches["docker", "kernel"] == touches["docker", "users"] == "host"
    assert touches["docker", "memory it is told"] == touches["docker", "clock"] == "host"
    assert touches["docker", "processes"] == touches["docker", "root folder"] == "own"
    assert touches["chroot", "processes"] == "host"
    assert touches["chroot", "root folder"] == "own"


def test_equal_numbers_under_another_kernel_are_not_shared(
    touches: dict[tuple[str, str], str],
) -> None:
    for name in ("qemu", "virtualbox"):
        assert {touches[name, aspect] for aspect in ASPECTS} == {"own"}


def test_whom_an_attempt_reaches(touches: dict[tuple[str, str], str]) -> None:
    assert touches["unshare", "mount something"] == "own"
    assert touches["unshare", "load a kernel module"] == "host"
    assert touches["qemu", "load a kernel module"] == "own"
    assert touches["docker", "load a kernel module"] == "nothing"
    assert touches["host", "mount something"] == "unknown"


def test_limits(touches: dict[tuple[str, str], str]) -> None:
    assert touches["docker", "capabilities"] == touches["docker", "system calls"] == "nothing"
    assert touches["docker:seccomp=unconfined", "system calls"] == "host"
    assert touches["unshare", "capabilities"] == "host"
    assert touches["qemu", "capabilities"] == "own"


def test_without_the_host_nothing_is_said_to_be_shared() -> None:
    table = stats.matrix(recording("docker", "qemu").answers)
    assert set(table.loc[table["section"] == "what it sees", "word"]) == {"not known"}


def test_what_the_kernel_does_not_tell_is_not_known() -> None:
    frame = recording("host", "docker").answers
    lost = (frame["backend"] == "docker") & frame["name"].isin(
        ["capabilities", "ns_uts", "uptime_s"]
    )
    frame.loc[lost, "value"] = None
    table = stats.matrix(frame).set_index(["backend", "aspect"])
    for aspect in ("capabilities", "host name"):
        assert table.at[("docker", aspect), "word"] == "not known"
    assert table.at[("docker", "clock"), "detail"] == ""


def test_who_shares_which_kernel() -> None:
    table = stats.kernels(recording("host", "docker", "qemu", "virtualbox").answers)
    assert table["backends"].tolist() == ["host, docker", "qemu", "virtualbox"]
    assert table["shared_by"].tolist() == [2, 1, 1]


def test_a_stack_has_a_guests_kernel_where_one_was_seen() -> None:
    made_up = recording("host", "docker", "qemu", "virtualbox")
    table = stats.stacks(made_up.answers, made_up.manifest.backends, COMPUTER)
    parts = table.groupby("backend", sort=False)["part"].agg(list)
    assert parts["host"] == ["computer", "host's kernel", "root folder", "program"]
    assert parts["docker"][2] == "boundary"
    for name in ("qemu", "virtualbox"):
        assert parts[name][2:4] == ["hypervisor", "guest's kernel"]
    ways = table.drop_duplicates("backend").set_index("backend")["way"]
    assert ways["qemu"] == ways["virtualbox"], "an emulator is a program on the host, too"
    answers = table[table["answers"]].set_index("backend")["part"]
    assert answers.to_dict() == {
        **dict.fromkeys(("host", "docker"), "host's kernel"),
        **dict.fromkeys(("qemu", "virtualbox"), "guest's kernel"),
    }


def test_containers_in_a_machine_of_their_own_have_its_layer() -> None:
    """As Docker Desktop has them: another kernel under the engine `native`."""
    made_up = recording("host", "docker")
    table = made_up.answers
    for name, value in (("boot_id", "dddd"), ("booted_at_s", "5000")):
        table.loc[(table["backend"] == "docker") & (table["name"] == name), "value"] = value
    stacks = stats.stacks(table, made_up.manifest.backends, COMPUTER)
    parts = list(stacks[stacks["backend"] == "docker"]["part"])
    assert parts[2:4] == ["virtual machine", "guest's kernel"]


def test_one_that_is_shown_another_boot_id_shares_the_kernel_all_the_same() -> None:
    """As systemd-nspawn shows it: what the kernel tells of itself says that it booted once."""
    table = recording("host", "docker").answers
    table.loc[(table["backend"] == "docker") & (table["name"] == "boot_id"), "value"] = "dddd"
    seen = stats.matrix(table)
    kernel = seen[(seen["backend"] == "docker") & (seen["aspect"] == "kernel")]
    assert list(kernel["touches"]) == ["host"]
    assert list(stats.kernels(table)["shared_by"]) == [2]
