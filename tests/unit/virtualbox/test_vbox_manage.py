from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.backends.vbox_manage import VBoxManage, parse_machine_readable
from labkit.errors import BackendError, CommandError, LabError
from labkit.process import Completed

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
        raise CommandError("failed", details="VBoxManage: error: no such thing")

    with pytest.raises(BackendError, match="configure the machine") as caught:
        VBoxManage(lambda *words: list(words), fail).modify_vm(name="n", settings={})
    assert "no such thing" in caught.value.details and caught.value.resolution
