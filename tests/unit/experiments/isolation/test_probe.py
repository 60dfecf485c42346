"""The scripts: short enough to be sent, and each fact and attempt in them once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labkit.errors import BackendError, ProtocolError
from labkit.experiments.isolation import probe
from labkit.experiments.isolation.probe import HostView
from labkit.experiments.isolation.records import ATTEMPTS, FACTS
from labkit.experiments.shell.plan import LONGEST_SCRIPT
from labkit.guest.protocol import Outcome, Script
from tests.unit.experiments.isolation.made_up import DIFFERS, SAME

HOST = HostView(4194304, "9" * 12, SAME["boot_id"], "mnt:[4026531841]", "2049:9999999999")
TEXTS = {name: probe.script(name, HOST, ATTEMPTS).text for name in probe.SCRIPTS}


@pytest.mark.parametrize("name", probe.SCRIPTS)
def test_a_script_can_be_sent(name: str) -> None:
    assert len(TEXTS[name].encode()) <= LONGEST_SCRIPT


def test_the_scripts_ask_each_fact_and_attempt_once() -> None:
    text = "\n".join(TEXTS.values())
    told = re.findall(r"\btell (\w+)", text)
    spaces = re.search(r"for name in (.+); do\n +tell ns_\$name", text)
    assert spaces
    told = [name for name in told if name != "ns_"] + [f"ns_{n}" for n in spaces[1].split()]
    assert sorted(told) == sorted(set(FACTS) - {"clock_off_s"})
    assert re.findall(r"^attempt (\w+)", text, re.MULTILINE) == list(ATTEMPTS)


def test_what_is_the_hosts_is_not_changed() -> None:
    """By what an instance tells of itself; what it does not tell counts as the host's."""
    host = HostView(1, "1", SAME["boot_id"], SAME["ns_mnt"], SAME["root_id"])
    left = {name: set(probe.spared(SAME | facts, host)) for name, facts in DIFFERS.items()}
    assert left.pop("host") == {"mount", "write_root"}
    assert left.pop("chroot") == {"mount"}
    assert set().union(*left.values()) == set()
    assert set(probe.spared({}, host)) == {"mount", "write_root"}
    assert probe.spared(SAME, None) == {}  # no /proc: whatever runs has another kernel
    assert f"skip='{' '.join(ATTEMPTS)}'" in TEXTS["attempts"]
    assert not {"reboot", "poweroff", "halt"} & set(re.findall(r"\w+", "\n".join(TEXTS.values())))


def test_the_lab_sees_what_the_probe_would_tell() -> None:
    own = probe.host_view()
    assert own
    assert own.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert own.mounts == str(Path("/proc/self/ns/mnt").readlink())
    text = Path(f"/proc/{own.pid}/stat").read_text()
    assert text.rpartition(")")[2].split()[19] == own.began


class Told:
    """An instance that answers each script with some of the answers."""

    def __init__(self, answers: dict[str, str], *, status: int = 0, err: str = "") -> None:
        self._answers = answers
        self._end = (status, err.encode())

    def shell(self, script: Script) -> Outcome:
        asked = {k: v for k, v in self._answers.items() if re.search(rf"\b{k}\b", script.text)}
        asked |= {k: v for k, v in self._answers.items() if k[:3] == "ns_" and "ns_" in script.text}
        if "attempt " in script.text:
            asked = {f"try_{name}": "0 " for name in ATTEMPTS}
        out = "".join(f"{key} {value}\n" for key, value in asked.items())
        return Outcome(0.1, self._end[0], out.encode(), self._end[1])


def test_all_answers_are_put_together_with_how_far_the_clock_is_off() -> None:
    facts = {key: SAME[key] for key in FACTS if key != "clock_off_s"}
    answers, left = probe.ask(Told(facts | {"clock_s": "100"}), HOST)  # type: ignore[arg-type]
    assert left == {}
    assert set(answers) == {*FACTS, *(f"try_{name}" for name in ATTEMPTS)}
    assert int(answers["clock_off_s"]) < -1_000_000_000


def test_what_is_not_answered_is_an_error() -> None:
    with pytest.raises(BackendError, match=r"was not answered: .*boot_id"):
        probe.ask(Told({"pid": "1"}), HOST)  # type: ignore[arg-type]
    with pytest.raises(BackendError, match="the probe failed"):
        probe.ask(Told({}, err="sh: oops"), HOST)  # type: ignore[arg-type]
    with pytest.raises(BackendError, match="the probe failed"):
        probe.ask(Told({}, status=137), HOST)  # type: ignore[arg-type]
    with pytest.raises(ProtocolError):
        probe.ask(Told({"pid": "1\noops"}), HOST)  # type: ignore[arg-type]
