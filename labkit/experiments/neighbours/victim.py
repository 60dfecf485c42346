"""The victim: a small web server, each of whose answers takes a fixed amount of work.

Work of a fixed amount, and not of a fixed duration: only then a request takes longer when
somebody else takes the resource. The amount is chosen for each instance, alone, so that a request
takes about TARGET_S where one operation is quicker than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from labkit.backends.instance import Instance
from labkit.errors import BackendError
from labkit.experiments.neighbours.records import Kind
from labkit.guest.protocol import Request, Script
from labkit.measure.web.client import answers, end_server, wait_for_answer
from labkit.measure.web.load import percentile
from labkit.system.clock import Clock

TARGET_S = 0.025
MOST_WORK = 2**16
# The server ends by itself then, should nobody tell it to.
SERVE_S = 1200.0
# An interpreted machine needs many seconds for a request.
PATIENCE_S = 120.0
# The page that works: it does as many operations of the workload as its query says. Where things
# lie it has from the agent's environment: a path in its text would be read by the shell.
PAGE = """\
"$BUSYBOX" mkdir -p "$LAB_SCRATCH/www"
"$BUSYBOX" cat >"$LAB_SCRATCH/www/work.sh" <<'END'
. "$LAB/workloads/{workload}.sh"
step "$QUERY_STRING" && printf 'Content-Type: text/plain\\n\\ndone\\n'
END
"""


@dataclass(frozen=True)
class Served:
    """What the requests of one condition took, on the host's clock."""

    begin: float
    end: float
    latencies: tuple[float, ...]
    errors: int

    def figures(self) -> dict[str, float | int | None]:
        """The fields of a NeighbourTrial that say it."""
        seconds, done = self.end - self.begin, self.latencies
        return {
            "requests": len(done),
            "errors": self.errors,
            "seconds": seconds,
            "requests_per_s": len(done) / seconds if seconds > 0 else None,
            "p50_s": percentile(done, 0.5),
            "p95_s": percentile(done, 0.95),
            "p99_s": percentile(done, 0.99),
            "slowest_s": max(done, default=None),
        }


class Victim:
    """A server that answers, seen from its only client."""

    def __init__(
        self, port: int, clock: Clock, require_running: Callable[[], None] = lambda: None
    ) -> None:
        self._port = port
        self._clock = clock
        self._require_running = require_running
        self.amount = 1

    def warm_up(self, amount: int | None = None) -> None:
        """Waits for the first answer, and chooses the amount of work of a request, unless it is
        given."""
        wait_for_answer(self._port, self._clock, self._require_running)
        if amount is not None:
            self.amount = amount
            self._quickest()
            return
        while self._quickest() < TARGET_S and self.amount < MOST_WORK:
            self.amount *= 2

    def serve(self, requests: int) -> Served:
        """So many requests, each when the one before is answered (a closed loop)."""
        begin, latencies, errors = self._clock.now(), [], 0
        for _ in range(requests):
            asked = self._clock.now()
            if self._ask():
                latencies.append(self._clock.now() - asked)
            else:
                errors += 1
        return Served(begin, self._clock.now(), tuple(latencies), errors)

    def _quickest(self) -> float:
        """Of two requests: whatever else went on has disturbed the quicker one less."""
        served = self.serve(2)
        if not served.latencies:
            raise BackendError(
                "the victim's server does not answer",
                details=f"no request for {self.amount} operations was answered with 200",
            )
        return min(served.latencies)

    def _ask(self) -> bool:
        return answers(self._port, f"/work.sh?{self.amount}", PATIENCE_S)


@contextmanager
def serving(
    instance: Instance, kind: Kind, clock: Clock, amount: int | None = None
) -> Iterator[Victim]:
    """The server of an instance that is ready: it answers inside this context. amount: see
    `Victim.warm_up`."""
    if instance.port is None:
        raise BackendError("no port leads to the victim's server")
    prepare(instance, kind)
    page = instance.shell(Script(PAGE.format(workload=kind), seconds=30))
    if page.status != 0:
        raise BackendError("the victim's page was not written", details=page.err.decode())
    victim = Victim(instance.port, clock, instance.require_running)
    with instance.running(Request("http", SERVE_S, due_s=0)), _ended(instance.port):
        victim.warm_up(amount)
        yield victim


def prepare(instance: Instance, kind: Kind) -> None:
    """A guest's disk is formatted and mounted by the workload that uses it first."""
    if kind == "disk":
        instance.run(Request("disk", 0.1))


@contextmanager
def _ended(port: int) -> Iterator[None]:
    try:
        yield
    finally:
        end_server(port)
