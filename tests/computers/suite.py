"""Runs a part of the integration tests in a computer, and keeps what it has said so far."""

from __future__ import annotations

from tests.computers.computers import Computer
from tests.computers.disks import PROJECT, kept_folder
from tests.computers.machine import Machine

PART_S = 2 * 3600.0
TEST_S = 1500  # pytest's own limit of time for one of them


def patient(factor: int) -> str:
    """Line of a shell: what follows has limits of time that are so many times as long."""
    return f"export LABKIT_TEST_PATIENCE={factor} PYTHONPATH={PROJECT}/lab/tests/computers/patience"


def passes(computer: Computer, machine: Machine, part: str, words: str, *, factor: int) -> None:
    """`words` choose the tests; each limit of time is `factor` times as long. One that is broken
    off leaves what it has told in the folder of the tests' disks."""
    script = f"""
    cd {PROJECT}/lab
    {patient(factor)}
    env --default-signal pytest -v -p no:cacheprovider --durations 0 --timeout {TEST_S} {words}
    """
    kept = kept_folder() / f"{computer.name}-{part}.txt"

    def look(said: str) -> None:
        kept.write_text(said)

    machine.run_watched(script, PART_S, look)
