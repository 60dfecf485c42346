"""An instance of a distribution: ready when it asks for a login; afterwards one logs in and asks
systemd, as a person at the console would. Nothing of the lab's is in it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping

from labkit.backends import boot_medium
from labkit.backends.base import Missing
from labkit.backends.instance import Meter
from labkit.backends.own.instance import OwnInstance, Said
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.image import distribution
from labkit.image.distribution import Distribution
from labkit.system.process import as_root, find_tool

READY = "console:login:"
# In the configuration of a backend: of which bits it is.
DIGEST = "distribution digest"
# A whole system with systemd, or its login alone as a container's only program.
BOOTED, PLAIN = "booted", "plain"
# The login, and then the end of the boot, where each instruction is emulated.
LOGIN_S, ANSWER_S = 300.0, 600.0
SHELL = re.compile(rb"root@\w+:~# ")
ANSWER = re.compile(r"^labkit-begins$(.*)^labkit-ends$", re.MULTILINE | re.DOTALL)
# The line itself is echoed, so that it must not have the words in it by which its answer is told.
# systemd-analyze knows the length of a boot when that has ended.
ASK = (
    "export SYSTEMD_COLORS=0 SYSTEMD_PAGER= COLUMNS=160; "
    "state=$(systemctl is-system-running --wait); printf 'labkit-%s\\n' begins; "
    'systemctl --version | head -n 1; echo "system is $state"; systemctl --failed --no-legend; '
    "systemd-analyze time; systemd-analyze critical-chain; systemd-analyze blame; "
    "printf 'labkit-%s\\n' ends\n"
)


class LoginInstance(OwnInstance):
    """late: meters that are known once it runs."""

    def __init__(
        self,
        said: Said,
        timeline: Timeline,
        meters: Callable[[], tuple[Meter, ...]],
        end: Callable[[], None],
        *,
        booted: bool = True,
        late: Callable[[], tuple[Meter, ...]] = tuple,
        patience_s: float = 0.0,
    ) -> None:
        super().__init__(said, timeline, None, meters, end, patience_s=patience_s)
        self._booted = booted
        self._late = late

    def late_meters(self) -> tuple[Meter, ...]:
        return self._late()

    def told(self) -> Mapping[str, str]:
        if not self._booted:
            return {}
        with self._explained():
            self._said.channel.send(b"root\n")
            self._wait(lambda: SHELL.search(self._said.raw()), LOGIN_S, "let nobody log in")
            self._said.channel.send(ASK.encode())
            self._wait(self._answer, ANSWER_S, "did not tell how it has booted")
            return {"systemd-analyze": self._answer()}

    def _answer(self) -> str:
        found = ANSWER.search(self._said.text())
        return found[1].strip() + "\n" if found else ""

    def _wait(self, true: Callable[[], object], seconds: float, what: str) -> None:
        clock = self._timeline.clock
        deadline = clock.now() + seconds
        while not true():
            if self._said.ended:
                raise BackendError("it ended while it was asked for its boot")
            if clock.now() > deadline:
                raise GuestTimeout(f"it {what} within {seconds:g} s")
            clock.sleep(0.05)


def missing(backend: str) -> Missing | None:
    """Why there can be no distribution here."""
    if (refused := boot_medium.refused()) is not None:
        return refused
    if distribution.find() is not None:
        return None
    absent = [program for program in distribution.PROGRAMS if find_tool(program) is None]
    if absent:
        return Missing(f"{' and '.join(absent)} is not installed", as_root(f"setup {backend}"))
    if os.geteuid() != 0:
        return Missing(
            "a distribution is installed by root only: its files have owners, and devices",
            as_root("run --profile distribution"),
        )
    return None


def made() -> Distribution:
    """The one that `prepare` has made."""
    if (found := distribution.find()) is None:
        raise BackendError(
            "the distribution is not there any more",
            details="it was removed from the cache meanwhile",
            resolution="start the run anew: it is made again",
        )
    return found


def facts(found: Distribution) -> dict[str, str]:
    """What a manifest says of it."""
    return {
        "distribution": found.title,
        DIGEST: found.digest,
        "distribution packages": str(len(found.packages)),
    }
