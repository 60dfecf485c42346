"""`nspawn:distribution=booted`: the distribution in a container of systemd-nspawn(1), whose --boot
is made for it. What it writes goes into memory (--volatile=overlay), and never into the root."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

from labkit.backends.base import Missing
from labkit.backends.containers import first_child, proven_meters
from labkit.backends.distribution import login
from labkit.backends.distribution.login import BOOTED, READY, LoginInstance
from labkit.backends.engine_parts import oci_groups
from labkit.backends.instance import Instance, Meter
from labkit.backends.nspawn import JOIN, NspawnBackend
from labkit.backends.own.instance import Said
from labkit.backends.own.names import UNSUPPORTED
from labkit.backends.own.ready import read
from labkit.backends.piped import instance_name
from labkit.backends.timeline import Timeline
from labkit.errors import GuestTimeout
from labkit.guest.channel import Channel
from labkit.image import LabImage, distribution
from labkit.image.distribution import HOSTNAME
from labkit.recordings.facts import Limits
from labkit.system.owner_marks import OWNER_VARIABLE, owner
from labkit.system.process import end, spawn, wait_for

STOP_S = 30.0
WORDS = (
    *("--boot", "--quiet", "--register=no", "--keep-unit", f"--hostname={HOSTNAME}"),
    *("--volatile=overlay", "--private-network", "--console=interactive"),
    *("--resolv-conf=off", "--timezone=off", "--link-journal=no"),
)


class DistributionNspawnBackend(NspawnBackend):
    about_s = 3.0
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "distribution": (BOOTED,),
        "ready": (READY,),
    }
    unsupported = UNSUPPORTED

    def missing(self) -> Missing | None:
        return super().missing() or login.missing(self.name)

    def prepare(self, image: LabImage) -> None:
        distribution.build(progress=self.progress)

    def configuration(self) -> Mapping[str, str]:
        return {**login.facts(login.made()), "options": " ".join(WORDS)}

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name, ready = instance_name(), read(READY)
        root = login.made().root
        with ExitStack() as stack:
            stack.callback(self.removed, name)
            joined = stack.enter_context(oci_groups.own_group(name, limits))
            before, directory = plain(root)
            argv = [*("sh", "-c", JOIN, "sh", *map(str, joined), "--"), *before]
            argv += ["systemd-nspawn", *WORDS, f"--machine={name}", f"--directory={directory}"]
            argv += [f"--setenv={OWNER_VARIABLE}={owner()}"]
            timeline.mark("created")
            process, terminal = _at_a_terminal(stack, argv)
            timeline.mark("started")
            channel = Channel(terminal, terminal)
            said = stack.enter_context(Said(channel, timeline.clock, ready.pattern()))
            meters = (Meter(self.program, "helper", (process.pid,), tree=False),)
            yield LoginInstance(
                said,
                timeline,
                lambda: meters,
                partial(_end, process),
                late=lambda: proven_meters(first_child(process.pid), name),
            )


def plain(root: Path) -> tuple[list[str], str]:
    """The root by a path that systemd-nspawn does not take apart: in the options of its overlay it
    does not get along with a colon, a comma or a quotation mark."""
    if re.search(r'[:,"\\]', str(root)):
        return distribution.at_plain_path(root)
    return [], str(root)


def _at_a_terminal(stack: ExitStack, argv: Sequence[str]) -> tuple[subprocess.Popen[bytes], int]:
    """A program that has a terminal of its own, and our end of that; both end with `stack`."""
    ours, theirs = os.openpty()
    stack.callback(os.close, ours)
    try:
        process = spawn(argv, bare=True, stdin=theirs, stdout=theirs, stderr=theirs)
    finally:
        os.close(theirs)
    stack.callback(end, process)
    return process, ours


def _end(process: subprocess.Popen[bytes]) -> None:
    """systemd-nspawn passes the signal on as SIGRTMIN+3: an orderly shutdown."""
    process.send_signal(signal.SIGTERM)
    if not wait_for(process, STOP_S):
        raise GuestTimeout("it did not end when it was asked to")
