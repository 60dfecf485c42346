"""The programs that ask an instance's server from this computer: of the same image, with the
settings of the workload. Each gives its own report as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from labkit.backends.instance import Instance
from labkit.errors import BackendError, LabError
from labkit.guest.protocol import Request
from labkit.guest.workload import Task
from labkit.image.host_programs import program_argv
from labkit.measure.web.client import end_server, wait_for_answer
from labkit.system.clock import HostClock
from labkit.system.owner_marks import scratch_folder
from labkit.system.ports import LOOPBACK
from labkit.system.process import Completed, last_lines, run

# The server ends by itself so long after its client should have, should nobody tell it to.
PATIENCE_S = 60.0
# ab keeps a record of each request, so that it must know how many there may be.
MOST_REQUESTS = 1_000_000
RETRY_S = 0.1
# What iperf3 says as long as nobody listens behind a forwarded port.
NOT_YET = ("unable to connect", "closed", "refused", "reset", "unable to receive")


class Client:
    """Asks the server of one workload, from its begin line on."""

    def __init__(self, task: Task, instance: Instance, rootfs: Path, seconds: float) -> None:
        if instance.port is None:
            raise BackendError(f"no port leads to the server of the workload {task.label}")
        self._task = task
        self._port = instance.port
        self._require_running = instance.require_running
        self._rootfs = rootfs
        self._seconds = seconds
        self._clock = HostClock()
        self._report = ""
        self._trouble: LabError | None = None

    def request(self) -> Request:
        held = self._seconds + PATIENCE_S
        return Request(self._task.workload.name, held, self._task.settings, due_s=held)

    def __call__(self) -> None:
        """An error is kept until the server has ended: meanwhile the agent does not listen. What
        it says of a server that has died comes then."""
        try:
            self._report = CLIENTS[self._task.workload.client](self)
        except LabError as error:
            self._trouble = error

    def report(self) -> str:
        """What the client has said. BackendError where it failed."""
        if self._trouble is not None:
            raise BackendError(
                f"the client of {self._task.label} failed", details=str(self._trouble)
            )
        return self._report

    def ab(self) -> str:
        """Its text, and then the percentiles that it writes into a file."""
        wait_for_answer(self._port, self._clock, self._require_running)
        chosen = self._task.chosen
        try:
            with scratch_folder() as folder:
                file = folder / "percentiles.csv"
                words = ["-q", "-r", "-t", self._whole_seconds(), "-n", str(MOST_REQUESTS)]
                words += ["-c", chosen["connections"], "-e", str(file)]
                words += ["-k"] if chosen["keepalive"] == "1" else []
                done = self._run("ab", *words, f"http://{LOOPBACK}:{self._port}/")
                if done.returncode:
                    raise _failed("ab", done)
                return f"{done.stdout}\n{file.read_text(encoding='utf-8')}"
        finally:
            end_server(self._port)

    def iperf3(self) -> str:
        """Tried again as long as the server is not there yet."""
        words = ["-J", "-c", LOOPBACK, "-p", str(self._port), "-t", self._whole_seconds()]
        words += ["-R"] if self._task.chosen["reverse"] == "1" else []
        deadline = self._clock.now() + PATIENCE_S / 3
        while True:
            done = self._run("iperf3", *words)
            # With -J its exit status tells nothing.
            if not done.returncode and '"error":' not in done.stdout:
                return done.stdout
            early = any(words in done.stdout for words in NOT_YET)
            if not early or self._clock.now() > deadline:
                raise _failed("iperf3", done)
            self._require_running()
            self._clock.sleep(RETRY_S)

    def _run(self, name: str, *words: str) -> Completed:
        argv: Sequence[str] = [*program_argv(self._rootfs, name), *words]
        return run(argv, timeout=10 * self._seconds + PATIENCE_S, check=False, bare=True)

    def _whole_seconds(self) -> str:
        """These programs know no parts of a second."""
        return str(max(1, round(self._seconds)))


def _failed(name: str, done: Completed) -> BackendError:
    said = last_lines(done.stderr.strip() or done.stdout)
    return BackendError(f"{name} ended with status {done.returncode}", details=said)


CLIENTS: Mapping[str, Callable[[Client], str]] = {"ab": Client.ab, "iperf3": Client.iperf3}
