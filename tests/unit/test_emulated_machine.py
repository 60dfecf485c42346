"""What an emulated computer of the tests says on its agent's line."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.computers.machine import Machine


@pytest.mark.parametrize("repeated", [0, 1, 3])
def test_what_the_terminal_repeats_is_no_answer(tmp_path: Path, repeated: int) -> None:
    """As a serial line does until the agent has taken it."""
    question = json.dumps({"execute": "guest-sync", "arguments": {"id": 1}}).encode() + b"\r\n"
    ours, theirs = socket.socketpair()
    with ours, theirs, subprocess.Popen([sys.executable, "-c", ""]) as process:
        theirs.sendall(repeated * question + b'{"return": 1}\n')
        Machine(process, ours, tmp_path).wait_started(5)
        assert json.loads(theirs.recv(1000))["execute"] == "guest-sync"
