"""What an emulated computer of the tests says on its agent's line."""

from __future__ import annotations

import json
import socket

import pytest

from tests.computers.agent import Agent, StandsStill


@pytest.mark.parametrize("repeated", [0, 1, 3])
def test_what_the_terminal_repeats_is_no_answer(repeated: int) -> None:
    """As a serial line does until the agent has taken it."""
    question = json.dumps({"execute": "guest-sync", "arguments": {"id": 1}}).encode() + b"\r\n"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(repeated * question + b'{"return": 1}\n')
        Agent(ours, str).wait_started(5)
        assert json.loads(theirs.recv(1000))["execute"] == "guest-sync"


def test_a_computer_that_is_gone_is_no_fault_of_a_program_in_it() -> None:
    ours, theirs = socket.socketpair()
    with ours, pytest.raises(StandsStill, match="the kernel's last words"):
        theirs.sendall(b'{"return"')
        theirs.close()
        Agent(ours, lambda: "the kernel's last words").wait_started(5)
