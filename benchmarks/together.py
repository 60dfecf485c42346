"""Many instances that start at once: by the lab, and by the bare API or command line, in turns.

The other side has a thread for each as well: for Docker create, attach and start by the SDK, for
QEMU the lab's command line by itself (alone.py). Both last from the first request until the last
agent's first line has arrived; the figure is the median of the ratios of pairs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic

import docker
from alone import machine_words
from starts import in_turns

from labkit.backends.docker.backend import DockerBackend
from labkit.backends.docker.client import connected
from labkit.backends.docker.containers import attach, container_settings
from labkit.backends.piped import instance_name
from labkit.experiments.density.starting import starting
from labkit.measure import cleanup
from labkit.measure.session import Session, opened
from labkit.recordings.facts import Limits
from labkit.system.owner_marks import scratch_folder

GREETING = b"LABKIT/"
# One instance: it is ready when this returns, and is ended with the stack.
Bare = Callable[[ExitStack], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--containers", type=int, default=50)
    parser.add_argument("--machines", type=int, default=8)
    options = parser.parse_args()
    with opened(["docker", "qemu"]) as session, connected() as client:
        backend = session.backends["docker"]
        assert isinstance(backend, DockerBackend)
        kinds: dict[str, tuple[int, Bare]] = {
            "docker": (options.containers, partial(container, session, client, backend.chosen)),
            "qemu": (options.machines, partial(machine, session)),
        }
        for name, (count, bare) in kinds.items():
            ratios = in_turns(
                options.pairs, partial(lab_s, session, name, count), partial(bare_s, count, bare)
            )
            print(f"{name}, {count} together: {median(ratios):.2f} ({min(ratios):.2f} to "
                  f"{max(ratios):.2f}, {len(ratios)} pairs)")  # fmt: skip


def lab_s(session: Session, name: str, count: int) -> float:
    backend, limits = session.backends[name], Limits()
    with starting(
        lambda timeline: backend.launch(session.plain, limits, timeline),
        count,
        "together",
        session.clock,
        session.ready_timeout,
        lambda: cleanup.sweep([backend], mine=True),
    ) as requested:
        for one in requested:
            one.ready.result()
        last = max(one.requested + one.startup_s for one in requested)
        return last - min(one.requested for one in requested)


def bare_s(count: int, bare: Bare) -> float:
    with ExitStack() as stack, ThreadPoolExecutor(count) as threads:
        stacks = [stack.enter_context(ExitStack()) for _ in range(count)]
        begin = monotonic()
        for done in [threads.submit(bare, own) for own in stacks]:
            done.result()
        return monotonic() - begin


def container(
    session: Session, client: docker.DockerClient, chosen: dict[str, str], stack: ExitStack
) -> None:
    name = instance_name()
    made = client.containers.create(**container_settings(session.plain, Limits(), name, chosen))
    stack.callback(made.remove, force=True, v=True)
    stream = attach(made, stack)
    made.start()
    while GREETING not in os.read(stream, 4096):
        pass


def machine(session: Session, stack: ExitStack) -> None:
    folder: Path = stack.enter_context(scratch_folder())
    words = machine_words(session.backends["qemu"], session.plain, folder, disk=True)
    process = stack.enter_context(
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    )
    stack.callback(process.kill)
    assert process.stdout
    while GREETING not in process.stdout.readline():
        pass


if __name__ == "__main__":
    main()
