from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.errors import BackendError, GuestTimeout, ProtocolError
from labkit.guest import protocol
from labkit.guest.messages import (
    LONGEST_LINE,
    Begin,
    Bye,
    End,
    Failure,
    LineSplitter,
    Memory,
    Noise,
    Output,
    Ready,
    Status,
    parse,
)
from labkit.guest.protocol import Answer, MemoryTold, Outcome, Request, Session
from tests.unit.fakes import FakeClock


class Script:
    """A stream that says prepared things; None ends it, silence takes all the time there is."""

    def __init__(self, clock: FakeClock, *said: bytes | None) -> None:
        self.clock = clock
        self.said = deque(said)
        self.heard: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.heard.append(data)

    def receive(self, timeout: float) -> bytes | None:
        if not self.said:
            self.clock.sleep(timeout)
            raise TimeoutError
        self.clock.sleep(0.25)
        return self.said.popleft()


def begun(*said: bytes | None) -> tuple[Session, Callable[[float], Answer]]:
    """In whose first workload so much is said after its begin line; and what waits for its end."""
    talk, _ = session(b"BEGIN 1 1.0\n", *said)
    return talk, talk.begin(Request("http", 1), 5)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"ERROR 1 the workload nginx failed: no such port\n", "no such port"),
        (b"END 1 2.0 -\n", "by itself"),
        (None, ""),
    ],
)
def test_a_workload_that_has_ended_before_is_told_and_its_end_is_heard_all_the_same(
    said: bytes | None, why: str
) -> None:
    talk, end = begun(said)
    with pytest.raises(BackendError) as caught:
        talk.require_running()
    assert why in caught.value.details
    if said is None or b"END" in said:
        return
    with pytest.raises(BackendError, match="could not finish") as caught:
        end(1)
    assert why in caught.value.details


@pytest.mark.parametrize("said", [[], [b"ERROR - unknown\n"], [b"ERROR 0 of before\n"], [b"EN"]])
def test_one_that_goes_on_is_not_waited_for(said: list[bytes]) -> None:
    begun(*said)[0].require_running()


def session(*said: bytes | None) -> tuple[Session, Script]:
    clock = FakeClock()
    script = Script(clock, *said)
    return Session(script, clock), script


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("LABKIT/2 READY 2.54", Ready(2, 2.54)),
        ("MEMORY 7 23608", Memory("7", 23608)),
        ("MEMORY 7 -3", Noise("MEMORY 7 -3")),
        ("MEMORY 7", Noise("MEMORY 7")),
        ("BEGIN 7 1283.30", Begin("7", 1283.30)),
        ("END 7 1283.86 3584", End("7", 1283.86, 3584)),
        ("END 7 1283.86 -", End("7", 1283.86, None)),
        ("ERROR - unknown request", Failure("-", "unknown request")),
        ("BYE 9", Bye(9.0)),
        ("END 7 1283.86", Noise("END 7 1283.86")),
        ("LABKIT/2 READY soon", Noise("LABKIT/2 READY soon")),
        ("END 7 1.0 ٣", Noise("END 7 1.0 ٣")),
        ("", Noise("")),
    ],
)
def test_a_line_says_what_it_says(line: str, message: object) -> None:
    assert parse(line) == message


@given(st.text())
def test_parsing_never_raises(line: str) -> None:
    parse(line)


@given(st.binary(max_size=2000), st.lists(st.integers(0, 2000), max_size=10))
def test_lines_do_not_depend_on_how_the_bytes_were_torn(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    torn = LineSplitter()
    lines = [line for a, b in pairwise(edges) for line in torn.feed(data[a:b])]
    assert lines == LineSplitter().feed(data)


@given(st.integers(0, 5))
def test_a_stream_without_line_ends_does_not_fill_the_memory(chunks: int) -> None:
    splitter = LineSplitter()
    for _ in range(chunks):
        for line in splitter.feed(b"x" * LONGEST_LINE):
            assert len(line) <= LONGEST_LINE
    assert len(splitter._rest) <= LONGEST_LINE


def test_ready_is_stamped_at_arrival_and_noise_is_kept() -> None:
    talk, _ = session(b"\xff\x00boot", b"ing\nLABKIT/2 RE", b"ADY 1.0\n")
    assert talk.wait_ready(10) == 0.75
    assert "boot" in talk.noise[0]


def test_a_workload_is_timed_by_the_host() -> None:
    talk, script = session(b"BEGIN 1 5.00\n", b"", b"END 1 5.40 90\n")
    begun: list[float] = []
    answer = talk.run(Request("cpu", 0.4), 10, lambda: begun.append(script.clock.now()))
    assert script.heard == [b"RUN 1 cpu 400\n"]
    assert (answer.begin, answer.end, answer.operations) == (0.25, 0.75, 90)
    assert answer.guest_seconds == pytest.approx(0.4)
    assert begun == [0.25]


def test_memory_is_told_with_the_edge_that_follows_it() -> None:
    talk, _ = session(b"MEMORY 1 100\n", b"BEGIN 1 5.0\n", b"MEMORY 1 164\nEND 1 6.0 -\n")
    answer = talk.run(Request("ballast", 1), 10)
    told = (MemoryTold(0.25, "begin", 100 * 1024), MemoryTold(0.75, "end", 164 * 1024))
    assert answer.memory == told


def test_memory_that_was_not_told_is_not_known() -> None:
    talk, _ = session(b"MEMORY 9 100\nMEMORY 1 x\nMEMO", b"RY 1\nBEGIN 1 5.0\nEND 1 6.0 -\n")
    assert talk.run(Request("idle", 1), 10).memory == ()


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_noise_ends_or_hangs_a_workload(noise: list[bytes]) -> None:
    """Whatever comes between the lines of the protocol, each begins a line of its own."""
    said = [b"MEMORY 1 8\n", b"BEGIN 1 1\n", b"END 1 2 8\n"]
    lines = [b"\n".join([b"", *noise, line]) for line in said]
    talk, _ = session(*lines)
    try:
        answer = talk.run(Request("cpu", 1), 100)
    except BackendError as error:
        assert error.brief.startswith("the agent could not")
        return
    assert answer.operations is not None


def test_an_end_has_a_time_of_its_own() -> None:
    talk, script = session(b"BEGIN 1 1\n", *[b""] * 20, b"END 1 2 8\n")
    with pytest.raises(GuestTimeout, match="finish the workload"):
        talk.run(Request("idle", 1), 100, lambda: script.clock.sleep(50), ending=2)
    assert 52 <= script.clock.now() < 53


def test_an_answer_to_another_request_is_passed_over() -> None:
    talk, _ = session(b"BEGIN 9 1\nEND 9 2 3\nERROR 9 no\nBEGIN 1 1\nEND 1 2 8\n")
    assert talk.run(Request("cpu", 1), 10).operations == 8


def test_settings_travel_with_the_request() -> None:
    assert Request("ballast", 1.5, (("mib", "64"),)).line("3") == b"RUN 3 ballast 1500 mib=64\n"


def test_the_agents_refusal_is_an_error_with_its_reason() -> None:
    talk, _ = session(b"ERROR 1 no such workload\n")
    with pytest.raises(BackendError) as caught:
        talk.run(Request("nope", 1), 10)
    assert caught.value.details == "no such workload"


def test_silence_is_a_timeout() -> None:
    talk, _ = session()
    with pytest.raises(GuestTimeout, match="announce itself"):
        talk.wait_ready(10)


def test_noise_without_end_is_a_timeout_too() -> None:
    talk, _ = session(*[b"noise\n"] * 100)
    with pytest.raises(GuestTimeout):
        talk.wait_ready(3)


def test_the_end_of_the_stream_is_an_error() -> None:
    talk, _ = session(b"BEGIN 1 1\n", None)
    with pytest.raises(BackendError, match="connection ended"):
        talk.run(Request("cpu", 1), 10)


def test_another_version_is_refused() -> None:
    talk, _ = session(b"LABKIT/1 READY 1\n")
    with pytest.raises(ProtocolError, match="version 1"):
        talk.wait_ready(10)


def told(*lines: bytes) -> Outcome:
    talk, script = session(b"".join(lines))
    outcome = talk.shell(protocol.Script("echo hi", seconds=3, output_bytes=9), 60)
    assert script.heard == [b"SHELL 1 3 9 ZWNobyBoaQ==\n"]
    return outcome


def test_a_scripts_outputs_come_in_pieces_and_its_status_last() -> None:
    outcome = told(
        b"BEGIN 1 1.0\n", b"END 1 2.0 -\n", b"OUTPUT 1 out aGkK\n", b"OUTPUT 1 err b29wcw==\n",
        b"OUTPUT 2 out aGkK\n", b"noise\n", b"OUTPUT 1 out aGkK\n", b"STATUS 1 3\n",
    )  # fmt: skip
    assert (outcome.status, outcome.out, outcome.err) == (3, b"hi\nhi\n", b"oops")


def test_an_output_that_is_no_base64_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="cannot be read"):
        told(b"BEGIN 1 1.0\n", b"END 1 2.0 -\n", b"OUTPUT 1 out aGk\n", b"STATUS 1 0\n")


def test_a_script_that_is_refused_is_an_error_with_its_reason() -> None:
    with pytest.raises(BackendError, match="could not begin the script") as caught:
        told(b"ERROR 1 not a script with its limits\n")
    assert caught.value.details == "not a script with its limits"
    assert "--packages" in caught.value.resolution


@given(st.text(st.characters(codec="utf-8"), max_size=500))
def test_any_script_is_one_line_of_plain_words(text: str) -> None:
    line = protocol.Script(text).line("7")
    assert line.count(b"\n") == 1 and line.isascii()
    assert len(line.split()) == (5 if text else 4)


def test_pieces_and_status_say_what_they_say() -> None:
    assert parse("OUTPUT 1 err aGk=") == Output("1", "err", "aGk=")
    assert parse("STATUS 1 137") == Status("1", 137)
    assert parse("OUTPUT 1 log aGk=") == Noise("OUTPUT 1 log aGk=")


def test_what_a_program_reports_comes_after_its_end() -> None:
    made, _ = session(
        b"BEGIN 1 1.0\nEND 1 2.0 -\n", b"OUTPUT 1 out aW9w\n", b"OUTPUT 1 out cw==\nSTATUS 1 0\n"
    )
    assert made.run(Request("fio", 1.0), 9).operations is None
    assert made.report() == "iops"


def test_a_report_without_an_end_is_an_error() -> None:
    made, _ = session(b"BEGIN 1 1.0\nEND 1 2.0 -\nOUTPUT 1 out aW9w\n")
    made.run(Request("fio", 1.0), 9)
    with pytest.raises(GuestTimeout, match="tell the outcome"):
        made.report()
