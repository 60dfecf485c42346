"""The scripts: short enough to be sent, and each fact and attempt in them once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labkit.errors import BackendError, ProtocolError
from labkit.everywhere import LONGEST_SCRIPT
from labkit.protocol import Outcome, Script
from labkit.seen import probe
from labkit.seen.facts import ATTEMPTS, FACTS
from labkit.seen.probe import HostProcess
from tests.unit.seen.made_up import SAME

PROCESS = HostProcess(4194304, "9" * 12)
TEXTS = {name: probe.script(name, "host", PROCESS).text for name in probe.SCRIPTS}


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
    """A variant of a backend is as the backend."""
    assert "skip='mount write_root'" in TEXTS["attempts"]
    assert set(probe.not_tried("docker:seccomp=unconfined")) == set()
    assert set(probe.not_tried("chroot:x=y")) == {"mount"}
    assert not {"reboot", "poweroff", "halt"} & set(re.findall(r"\w+", "\n".join(TEXTS.values())))


def test_the_labs_own_process_is_known() -> None:
    own = probe.own_process()
    assert own
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
    answers = probe.ask(Told(facts | {"clock_s": "100"}), "docker", PROCESS)  # type: ignore[arg-type]
    assert set(answers) == {*FACTS, *(f"try_{name}" for name in ATTEMPTS)}
    assert int(answers["clock_off_s"]) < -1_000_000_000


def test_what_is_not_answered_is_an_error() -> None:
    with pytest.raises(BackendError, match=r"was not answered: .*boot_id"):
        probe.ask(Told({"pid": "1"}), "docker", PROCESS)  # type: ignore[arg-type]
    with pytest.raises(BackendError, match="the probe failed"):
        probe.ask(Told({}, err="sh: oops"), "docker", PROCESS)  # type: ignore[arg-type]
    with pytest.raises(BackendError, match="the probe failed"):
        probe.ask(Told({}, status=137), "docker", PROCESS)  # type: ignore[arg-type]
    with pytest.raises(ProtocolError):
        probe.ask(Told({"pid": "1\noops"}), "docker", PROCESS)  # type: ignore[arg-type]
