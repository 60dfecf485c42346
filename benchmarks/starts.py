"""Starts in turns with what they are held against: each figure is the median of ratios of pairs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median

from labkit.backends.docker import client
from labkit.backends.docker.backend import DockerBackend
from labkit.backends.engine_parts.docker_cli import run_command
from labkit.backends.piped import instance_name
from labkit.backends.table import make_backend
from labkit.backends.timeline import Timeline
from labkit.image import LabImage
from labkit.measure.sampler import read
from labkit.measure.session import Session, opened
from labkit.recordings.facts import Limits
from labkit.system.process import run

EMULATED = "qemu:engine=tcg"


def docker_start(pairs: int = 15) -> float:
    """From the request to the agent's first line ÷ the same of `docker run`."""
    with opened(["docker"]) as session:
        return median(in_turns(pairs, lambda: _lab_s(session), lambda: _command_s(session)))


def emulated_start(pairs: int = 5) -> float:
    """QEMU's CPU time until ready ÷ the same with the kernel that unpacks itself. 0.01 s steps."""
    with opened([EMULATED]) as session:
        packed = replace(session.image, folder=Path("/nonexistent"))  # no unpacked one is there
        return median(
            in_turns(pairs, lambda: _cpu_s(session, session.image), lambda: _cpu_s(session, packed))
        )


def missing(name: str) -> str | None:
    why = make_backend(name).missing()
    return why.reason if why else None


def in_turns(pairs: int, ours: Callable[[], float], theirs: Callable[[], float]) -> list[float]:
    """Ratios, after one of each that does not count; who is first changes."""
    ours(), theirs()
    ratios = []
    for pair in range(pairs):
        both = (ours, theirs) if pair % 2 else (theirs, ours)
        spent = {call: call() for call in both}
        ratios.append(spent[ours] / spent[theirs])
    return ratios


def _lab_s(session: Session) -> float:
    timeline = Timeline(session.clock)
    timeline.mark("requested")
    backend = session.backends["docker"]
    with backend.launch(session.image, Limits(), timeline) as instance:
        instance.wait_ready(session.ready_timeout)
        instance.stop()
    return timeline.since_requested()["ready"]


def _command_s(session: Session) -> float:
    backend, name = session.backends["docker"], instance_name()
    assert isinstance(backend, DockerBackend)
    words = run_command(session.image, Limits(), name, backend.chosen)
    begin = session.clock.now()
    try:
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as command:
            assert command.stdout and command.stdin
            command.stdout.readline()
            seconds = session.clock.now() - begin
            with suppress(OSError):
                command.stdin.close()
        return seconds
    finally:
        run(client.command("rm", "--force", "--volumes", name), check=False)


def _cpu_s(session: Session, image: LabImage) -> float:
    timeline = Timeline(session.clock)
    with session.backends[EMULATED].launch(image, Limits(), timeline) as instance:
        instance.wait_ready(session.ready_timeout)
        spent = read(instance.meters()[0], memory=False).cpu_s
        instance.stop()
    assert spent is not None
    return spent
