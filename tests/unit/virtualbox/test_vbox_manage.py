from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.backends.virtualbox import manage as vbox_manage
from labkit.backends.virtualbox.manage import VBoxManage, parse_machine_readable
from labkit.errors import BackendError, CommandError, LabError
from labkit.system.process import Completed

RECORDED = Path(__file__).parent / "recorded"


def test_what_the_real_program_says_of_a_machine() -> None:
    found = parse_machine_readable((RECORDED / "showvminfo-poweroff.txt").read_text())
    assert found["name"] == "n"
    assert found["VMState"] == "poweroff"
    assert found["memory"] == "1024"
    assert found["storagecontrollertype0"] == "NVMe"
    assert found["disk-0-0"] == "/tmp/machines/s.vdi"
    assert found["GuestMemoryBalloon"] == "0"


def test_quotes_backslashes_and_line_ends() -> None:
    found = parse_machine_readable((RECORDED / "showvminfo-odd-name.txt").read_text())
    assert found["name"] == 'a "b" c'
    assert found["description"] == 'a "quoted" back\\slash\nline2=x "\n'
    assert found["uartmode1"] == "server,/tmp/machines/console"
    assert found["GuestMemoryBalloon"] == "0"


def test_what_the_real_program_says_of_a_machine_that_runs() -> None:
    found = parse_machine_readable((RECORDED / "showvminfo-running.txt").read_text())
    assert found["VMState"] == "restoring"
    assert found["VideoMode"] == '"0,0,0"@0,0 1'
    assert found["vrde"] == "off"


@pytest.mark.parametrize(
    "text", ['name="n', '"', "=", '="x"', 'name="a"b', "two words", '"a" "b"', 'x="\\"', 'a=b"c\n']
)
def test_what_makes_no_sense_is_told(text: str) -> None:
    with pytest.raises(BackendError, match="cannot be understood"):
        parse_machine_readable(text)


@pytest.mark.parametrize("text", ["", "\n \r\n", "rec_screen0\n"])
def test_nothing_is_nothing(text: str) -> None:
    assert parse_machine_readable(text) == {}


@given(st.one_of(st.text(), st.text(alphabet='a"\\=\n ')))
def test_it_never_fails_otherwise(text: str) -> None:
    try:
        parse_machine_readable(text)
    except LabError as error:
        assert error.details


@given(
    st.dictionaries(
        st.from_regex(r"[a-zA-Z][\w-]*", fullmatch=True),
        st.text(alphabet=st.characters(exclude_characters="\r")),
        max_size=5,
    )
)
def test_what_was_written_is_read(entries: dict[str, str]) -> None:
    def quote(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = "".join(f"{key}={quote(value)}\n" for key, value in entries.items())
    assert parse_machine_readable(text) == entries


def test_a_cut_off_answer_is_no_crash() -> None:
    whole = (RECORDED / "showvminfo-odd-name.txt").read_text()
    for end in range(0, len(whole), 7):
        try:
            parse_machine_readable(whole[:end])
        except BackendError:
            continue


def test_the_list_of_machines() -> None:
    text = (RECORDED / "list-vms.txt").read_text()
    manage = VBoxManage(lambda *words: ["x", *words], lambda argv, **_: Completed((), 0, text, ""))
    assert list(manage.machines()) == ['a "b" c']


def test_an_error_says_what_was_tried_and_why() -> None:
    def fail(argv, *, timeout=0.0, check=True) -> Completed:
        return Completed(
            (), 1, "", "VBoxManage: error: no such thing\nVBoxManage: error: Context: x"
        )

    with pytest.raises(BackendError, match="configure the machine") as caught:
        VBoxManage(lambda *words: list(words), fail).modify_vm(name="n", settings={})
    assert caught.value.details == "no such thing" and caught.value.resolution


def test_a_program_that_hangs_is_told() -> None:
    def hang(argv, *, timeout=0.0, check=True) -> Completed:
        raise CommandError(f"VBoxManage was stopped after {timeout:g} s")

    with pytest.raises(BackendError, match="configure the machine") as caught:
        VBoxManage(lambda *words: list(words), hang).modify_vm(name="n", settings={})
    assert "stopped after 60 s" in caught.value.details and caught.value.resolution
    with pytest.raises(BackendError, match="take a snapshot") as caught:
        VBoxManage(lambda *words: list(words), hang).take_snapshot(name="n", snapshot="ready")
    assert "stopped after 240 s" in caught.value.details


SAID = """0%...NS_ERROR_FAILURE
VBoxManage: error: Failed to take snapshot
VBoxManage: error: Failed to save the machine state to 'x.sav' (VERR_DISK_FULL)
VBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component ConsoleWrap
VBoxManage: error: Context: "handleSnapshot" at line 495 of file VBoxManageSnapshot.cpp"""


@pytest.mark.parametrize("free", [8192, 8 << 30])
def test_a_settings_file_that_had_no_room_is_told_as_that(
    free: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"""Failed to create the VirtualBox object!
Document is empty.
Location: '{tmp_path}/VirtualBox.xml', line 1 (0), column 1."""

    def fail(argv, *, timeout=0.0, check=True) -> Completed:
        return Completed((), 1, "", text)

    monkeypatch.setattr(vbox_manage, "_PAUSE_S", 0.0)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    with pytest.raises(BackendError, match="could not attach") as caught:
        VBoxManage(lambda *words: list(words), fail).attach(
            name="n", controller="cd", kind="dvddrive", medium=Path("a.iso")
        )
    assert ("TMPDIR" in caught.value.resolution) == (free < vbox_manage.FULL_BYTES)


def test_a_full_disk_is_told_in_the_users_words() -> None:
    def fail(argv, *, timeout=0.0, check=True) -> Completed:
        return Completed((), 1, "", SAID)

    manage = VBoxManage(lambda *words: list(words), fail)
    with pytest.raises(BackendError, match="take a snapshot: the disk is full") as caught:
        manage.take_snapshot(name="n", snapshot="ready")
    assert caught.value.details == (
        "Failed to take snapshot\nFailed to save the machine state to 'x.sav' (VERR_DISK_FULL)"
    )
    assert "TMPDIR" in caught.value.resolution


@pytest.mark.parametrize(("refusals", "works"), [(0, True), (2, True), (3, False)])
def test_a_client_that_the_ending_service_turns_away_comes_again(
    monkeypatch: pytest.MonkeyPatch, refusals: int, works: bool
) -> None:
    monkeypatch.setattr(vbox_manage, "_PAUSE_S", 0.0)
    calls: list[list[str]] = []

    def run(argv, *, timeout=0.0, check=True) -> Completed:
        calls.append(argv)
        if len(calls) <= refusals:
            return Completed(
                (), 1, "", "VBoxManage: error: Failed to create the VirtualBox object!"
            )
        return Completed((), 0, "", "")

    manage = VBoxManage(lambda *words: list(words), run)
    with nullcontext() if works else pytest.raises(BackendError, match="switch the machine off"):
        manage.power_off(name="n")
    assert calls == [["-q", "controlvm", "n", "poweroff"]] * min(refusals + 1, 3)
