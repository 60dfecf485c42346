"""The probe's lines: what is one, and that nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.errors import ProtocolError
from labkit.experiments.isolation import lines, names
from labkit.experiments.isolation.names import NAMES, decoded
from labkit.experiments.isolation.records import ATTEMPTS, FACTS

KEYS = [*FACTS, *(f"try_{name}" for name in ATTEMPTS)]
VALUES = st.text(st.characters(blacklist_characters="\n", blacklist_categories=["Cs"])).map(
    str.strip
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_what_is_printed_is_read(answers: dict[str, str]) -> None:
    text = "".join(f"{key} {value}\n" for key, value in answers.items())
    assert lines.read(text) == answers


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = lines.read(text)
    except ProtocolError:
        return
    assert set(found) <= set(KEYS)


@given(st.text())
def test_any_answer_of_an_attempt_is_an_outcome_or_refused(answer: str) -> None:
    try:
        outcome, message = lines.outcome("mount", answer)
    except ProtocolError:
        return
    assert outcome in ("allowed", "refused", "not tried")
    assert message in answer


@pytest.mark.parametrize(
    "text", ["pid 1\npid 2\n", "nonsense 1\n", "try_nonsense 0\n", "pid 1\n\n"]
)
def test_torn_unknown_and_doubled_answers_are_errors(text: str) -> None:
    with pytest.raises(ProtocolError):
        lines.read(text)


@pytest.mark.parametrize(
    ("name", "answer", "outcome", "errno"),
    [
        ("mount", "0 ", "allowed", ""),
        ("mount", "1 mount: permission denied (are you root?)", "refused", "EPERM"),
        ("write_root", "1 touch: /labkit-probe: Read-only file system", "refused", "EROFS"),
        ("signal_host", "1 sh: can't kill pid 7: No such process", "refused", "ESRCH"),
        ("module", "1 insmod: can't insert 'module': invalid module format", "allowed", ""),
        ("module", "1 insmod: can't insert 'module': Operation not permitted", "refused", "EPERM"),
        ("clock", "skipped", "not tried", ""),
        ("clock", "1 something else", "refused", ""),
    ],
)
def test_what_comes_out_of_an_attempt(name: str, answer: str, outcome: str, errno: str) -> None:
    found, message = lines.outcome(name, answer)
    assert (found, names.errno(message)) == (outcome, errno)


def test_an_attempt_without_a_status_is_an_error() -> None:
    with pytest.raises(ProtocolError):
        lines.outcome("mount", "allowed")


def test_capabilities_have_their_names() -> None:
    """Numbers as in capabilities(7)'s header: CAP_SYS_ADMIN is 21, CAP_CHECKPOINT_RESTORE 40."""
    assert (len(NAMES), NAMES[21], NAMES[40]) == (41, "SYS_ADMIN", "CHECKPOINT_RESTORE")
    assert decoded("0") == []
    assert decoded("200001") == ["CHOWN", "SYS_ADMIN"]
    assert decoded("20000000000") == ["CAPABILITY_41"]
