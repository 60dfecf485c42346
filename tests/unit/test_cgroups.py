"""Control groups by construction: the files that each version has, in a folder of the test."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.system import cgroups
from labkit.system.cgroups import Usage

VERSION_1 = """\
12:cpu,cpuacct:/docker/abc
7:memory:/docker/abc
1:name=systemd:/docker/abc
0::/docker/abc
"""


def folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name.replace("__", ".")).write_text(text)
    return path


def test_version_1_has_a_folder_for_each_controller(tmp_path: Path) -> None:
    memory = folder(tmp_path / "memory/docker/abc")
    cpu = folder(tmp_path / "cpu,cpuacct/docker/abc")
    assert cgroups.folder_of("memory", VERSION_1, mount=tmp_path) == memory
    assert cgroups.folder_of("cpuacct", VERSION_1, mount=tmp_path) == cpu


def test_a_controller_may_be_mounted_under_its_own_name(tmp_path: Path) -> None:
    cpu = folder(tmp_path / "cpuacct/docker/abc")
    assert cgroups.folder_of("cpuacct", VERSION_1, mount=tmp_path) == cpu


@pytest.mark.parametrize("controller", ["memory", "cpuacct"])
def test_version_2_has_one_folder(tmp_path: Path, controller: str) -> None:
    one = folder(tmp_path / "system.slice/docker-abc.scope")
    text = "0::/system.slice/docker-abc.scope\n"
    assert cgroups.folder_of(controller, text, mount=tmp_path) == one


def test_where_a_controller_is_not_in_version_1_it_is_in_version_2(tmp_path: Path) -> None:
    one = folder(tmp_path / "app")
    assert cgroups.folder_of("memory", "3:freezer:/app\n0::/app\n", mount=tmp_path) == one


@pytest.mark.parametrize("text", ["", "nonsense", "7:memory:/gone\n", "0::/gone\n", "0::\n"])
def test_what_is_not_there_is_none(tmp_path: Path, text: str) -> None:
    assert cgroups.folder_of("memory", text, mount=tmp_path) is None


@pytest.mark.parametrize("text", ["7:memory:/\n", "0::/\n", "7:memory:/\n0::/\n"])
def test_the_root_group_is_nobodys(tmp_path: Path, text: str) -> None:
    """It counts the whole computer: its figures would be given to one process."""
    folder(tmp_path / "memory")
    assert cgroups.folder_of("memory", text, mount=tmp_path) is None


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    cgroups.folder_of("memory", text.replace("\0", ""), mount=Path("/nonexistent"))


def test_what_version_1_counts(tmp_path: Path) -> None:
    memory = folder(
        tmp_path / "memory",
        memory__usage_in_bytes="4096\n",
        memory__max_usage_in_bytes="8192\n",
    )
    cpu = folder(tmp_path / "cpuacct", cpuacct__usage="1500000000\n")
    assert cgroups.read(memory, cpu) == Usage(4096, 8192, 1.5)


def test_what_version_2_counts(tmp_path: Path) -> None:
    one = folder(
        tmp_path / "app",
        memory__current="4096\n",
        memory__peak="8192\n",
        cpu__stat="usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n",
    )
    assert cgroups.read(one, one) == Usage(4096, 8192, 2.5)


def test_a_kernel_before_5_19_keeps_no_peak(tmp_path: Path) -> None:
    one = folder(tmp_path / "app", memory__current="4096\n", cpu__stat="nonsense\n")
    assert cgroups.read(one, one) == Usage(4096, None, None)


@pytest.mark.parametrize("text", ["", "max\n", "\xff"])
def test_what_is_no_number_is_none(tmp_path: Path, text: str) -> None:
    one = folder(tmp_path / "app", memory__current=text, cpu__stat=f"usage_usec {text}")
    assert cgroups.read(one, one) == Usage()


def test_without_a_group_nothing_is_counted() -> None:
    assert cgroups.read(None, None) == Usage()
