"""The counts of all faults, shown at the end of the tests."""

from __future__ import annotations

import os

import pytest

from tests.faults import ledger
from tests.faults.ledger import Entry

ENTRIES: list[Entry] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not ENTRIES:
        return
    seed = os.environ.get("LABKIT_FAULT_SEED", "1")
    terminalreporter.section(f"faults (LABKIT_FAULT_SEED={seed})")
    for line in ledger.summary(ENTRIES):
        terminalreporter.write_line(line)
