from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.errors import UsageError
from labkit.guest.workload import all_workloads, parse_task, read_workload


def test_the_image_holds_the_named_workloads() -> None:
    names = {"cpu", "syscall", "fork", "memory", "ballast", "disk", "idle"}
    assert names <= set(all_workloads())


def test_holding_and_counting_workloads_are_told_apart() -> None:
    counts = {name: workload.counts for name, workload in all_workloads().items()}
    assert counts["cpu"] and counts["disk"]
    assert not counts["idle"] and not counts["ballast"]


def test_a_new_workload_is_a_new_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.sh"
    file.write_text("# title: mine\n# unit: thing\n# ops-per-unit: 4\nstep() { :; }\n")
    workload = read_workload(file)
    assert (workload.name, workload.unit, workload.ops_per_unit) == ("mine", "thing", 4)


@pytest.mark.parametrize("head", ["", "# title: a\n", "# title: a\n# unit: b\n# ops-per-unit: x\n"])
def test_a_file_without_a_head_is_a_clear_error(tmp_path: Path, head: str) -> None:
    file = tmp_path / "bad.sh"
    file.write_text(head)
    with pytest.raises(UsageError, match=r"bad\.sh has no usable head"):
        read_workload(file)


def test_settings_are_read() -> None:
    assert parse_task("ballast:mib=128").settings == (("mib", "128"),)


@pytest.mark.parametrize("text", ["nope", "", "cpu:", "cpu:x", "cpu:a=b c", "cpu:a=$(reboot)"])
def test_what_is_no_workload_is_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_task(text)


@given(st.text())
def test_any_text_is_a_task_or_a_clear_error(text: str) -> None:
    try:
        task = parse_task(text)
    except UsageError:
        return
    assert task.workload.name in all_workloads()


def test_a_workload_names_its_packages(tmp_path: Path) -> None:
    file = tmp_path / "mine.sh"
    head = "# title: a\n# unit: b\n# ops-per-unit: 1\n"
    file.write_text(f"{head}# packages: fio, python3-minimal\nstep() {{ :; }}\n")
    assert read_workload(file).packages == ("fio", "python3-minimal")
    assert all_workloads()["cpu"].packages == ()


def test_a_setting_of_some_words_takes_no_other() -> None:
    with pytest.raises(UsageError, match="cannot have rw=reed") as caught:
        parse_task("fio:rw=reed")
    assert "randread" in caught.value.resolution


def test_each_default_is_one_of_its_choices() -> None:
    for workload in all_workloads().values():
        assert workload.choices.keys() <= workload.defaults.keys()
        for name, words in workload.choices.items():
            assert workload.defaults[name] in words


def test_only_what_reports_is_called_by_its_settings() -> None:
    assert parse_task("fio:rw=read:bs=1m").label == "fio:rw=read:bs=1m"
    assert parse_task("ballast:mib=128").label == "ballast"
    assert parse_task("fio:rw=read").chosen["bs"] == "4k"
