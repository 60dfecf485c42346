"""Labs in processes of their own, for tests that break them."""

from __future__ import annotations

import multiprocessing
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.faults import lab_process
from tests.faults.lab_process import Options

PATIENCE_S = 240.0
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.faults.lab_process"])


@dataclass(frozen=True)
class Ended:
    """How a lab ended. status: the exit status, below zero for a signal that it did not catch."""

    pid: int
    status: int
    out: str
    err: str


class Lab:
    """`labkit WORDS`, held at each moment that it tells until it is let on."""

    def __init__(self, words: list[str], folder: Path, options: Options) -> None:
        number = len(list(folder.glob("*.err")))
        self._files = folder / f"{number}.out", folder / f"{number}.err"
        for file in self._files:
            file.touch()
        self._wire, theirs = CONTEXT.Pipe()
        # The environment of the process that all labs are forked from is that of its beginning.
        options = Options({**os.environ, **options.env}, options.patience_s, options.image)
        self._process = CONTEXT.Process(
            target=lab_process.main, args=(words, *self._files, theirs, options), daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def until(self, moment: str, trial: int = 0) -> None:
        """Lets the lab run to this moment of its trial (0: of any), and holds it there."""
        while True:
            assert self._wire.poll(PATIENCE_S), f"the lab came nowhere: {self._said()}"
            try:
                told = self._wire.recv()
            except EOFError:
                raise AssertionError(f"never came to {moment!r}: {self._said()}") from None
            if told[1] == moment and trial in (0, told[0]):
                return
            self._wire.send(None)

    def let_go(self) -> None:
        """From now on it runs without being held."""
        self._wire.close()

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def finish(self) -> Ended:
        self.let_go()
        self._process.join(PATIENCE_S)
        status = self._process.exitcode
        assert status is not None, f"the lab does not end: {self._said()}"
        out, err = (file.read_text(errors="replace") for file in self._files)
        return Ended(self.pid, status, out, err)

    def close(self) -> None:
        """For a test that has failed: nothing of it goes on."""
        self._wire.close()
        if self._process.is_alive():
            self._process.kill()
            self._process.join(10)

    def _said(self) -> str:
        return self._files[1].read_text(errors="replace")[-2000:]
