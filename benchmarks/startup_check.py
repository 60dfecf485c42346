"""The lab's startup times, checked by another program: hyperfine.

hyperfine starts what the lab starts, without the lab: `docker run` with the same flags, and QEMU
with the same command line, each until the agent's first line has arrived. Its starts and the
lab's own trials are in the same blocks, in seeded random order. For each pair: median and mean
with their 95 % intervals, the paired difference, and whether each median lies within the other's
interval.

What is not the same in the two: the lab speaks to the daemon itself and not through the program
`docker`, and it samples; it makes QEMU's machine halted, connects its sockets, and lets it go.
`qemu, no disk` leaves out the scratch disk, as a shorter command line by hand would.

What these differences cost, measured in ways that a busy computer blurs less (engine tcg): the
machine's CPU time until the line was 2.2 to 2.3 s with and without the disk, halted at first or
not, sampled or not (medians of 4 in the same blocks; single starts from 1.9 to 2.6 s, so less
than 0.2 s would not show). By QEMU's -icount the guest was ready after 0.17 s of its own time, in
steps of 0.01 s, with and without the disk. The lab's handshake took 3 to 5 ms of its CPU time.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import psutil

from labkit.backends import Backend, make_backend
from labkit.backends.docker import OWNER_LABEL
from labkit.backends.qemu import _make_disk, command
from labkit.charts import units
from labkit.host import cpu_set
from labkit.image import LabImage
from labkit.process import find_tool, owner, run, scratch_folder
from labkit.records import Limits, Plan
from labkit.selftest.tables import milliseconds
from labkit.selftest.trials import observe, prepared
from labkit.stats import interval

LIMITS = Limits()
# What hyperfine starts → the lab's own trial that it is compared with.
PAIRS = {"docker run": "docker", "qemu command": "qemu", "qemu, no disk": "qemu"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backends", default="docker,qemu")
    parser.add_argument("--blocks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if find_tool("hyperfine") is None:
        sys.exit("hyperfine is not there; it is a Debian package: sudo apt-get install hyperfine")
    backends = {name: make_backend(name) for name in options.backends.split(",")}
    with prepared(backends) as built:
        times = measure(starts(backends, built), options.blocks, options.seed)
    for alone, ours in PAIRS.items():
        if ours in times:
            print(comparison(alone, times[alone], f"lab {ours}", times[ours]))


def starts(backends: Mapping[str, Backend], built: LabImage) -> dict[str, Callable[[], float]]:
    """What is timed → one start of it, in seconds."""
    found: dict[str, Callable[[], float]] = {}
    for name, backend in backends.items():
        found[name] = partial(lab_trial, name, backend, built)
    if "docker" in backends:
        found["docker run"] = partial(docker_run, built)
    if "qemu" in backends:
        found["qemu command"] = partial(qemu_command, backends["qemu"], built, disk=True)
        found["qemu, no disk"] = partial(qemu_command, backends["qemu"], built, disk=False)
    return found


def measure(
    kinds: Mapping[str, Callable[[], float]], blocks: int, seed: int
) -> dict[str, list[float]]:
    """What is timed → its times, block by block, after one start of each that does not count."""
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for block in range(blocks + 1):
        order = random.Random(f"{seed} {block}").sample(list(kinds), len(kinds))  # noqa: S311
        for name in order:
            seconds = kinds[name]()
            print(f"block {block}: {name} {seconds:.3f} s", file=sys.stderr)
            if block:
                times[name].append(seconds)
    return times


def lab_trial(name: str, backend: Backend, built: LabImage) -> float:
    """The startup of a whole trial of the lab, by its runner."""
    plan = Plan(backends=(name,), workloads=(), trials={name: 1}, seconds=1)
    (trial,) = observe(plan, {name: backend}, built)
    assert trial.records.trial.startup_s is not None
    return trial.records.trial.startup_s


def docker_run(built: LabImage) -> float:
    """The flags are those of labkit.backends.docker, in the words of the program `docker`."""
    name, memory = f"labkit-{owner()}-hyperfine", f"{LIMITS.memory_mib}m"
    words = [
        "docker",
        "run",
        "--interactive",
        "--name",
        name,
        "--label",
        f"{OWNER_LABEL}={owner()}",
    ]
    words += ["--network=none", "--read-only"]
    words += [
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--mount=type=volume,destination=/scratch",
    ]
    words += [f"--cpuset-cpus={','.join(map(str, cpu_set(LIMITS.cpus)))}"]
    words += [f"--memory={memory}", f"--memory-swap={memory}", built.container_tag]
    try:
        return first_line(words)
    finally:
        run(["docker", "rm", "--force", "--volumes", name], check=False)


def qemu_command(backend: Backend, built: LabImage, *, disk: bool) -> float:
    """The lab's command line, but for what needs a client: the agent's serial port is standard
    output instead of a socket, and the machine is not halted at first (-S)."""
    with scratch_folder() as folder:
        words = command(backend.engine(built), built, LIMITS, folder)
        words.remove("-S")
        words = ["stdio,id=agent" if "id=agent" in word else word for word in words]
        words += [*(_make_disk(folder / "scratch.raw", LIMITS) if disk else ()), "-pidfile"]
        try:
            return first_line([*words, str(folder / "pid")])
        finally:
            _end(folder / "pid")


def first_line(words: Sequence[str]) -> float:
    """Seconds until a program's first line, by hyperfine. The shell does not wait for the end of
    a process substitution, so the time ends with the line; what goes on is ended by the caller."""
    script = f"read -r line < <(exec {shlex.join(words)} 2>/dev/null) && [[ $line == LABKIT/* ]]"
    with scratch_folder() as folder:
        file = folder / "times.json"
        options = ["--style=none", "--runs=1", "--shell=none", f"--export-json={file}"]
        run(["hyperfine", *options, shlex.join(["bash", "-c", script])], timeout=120)
        return float(json.loads(file.read_text())["results"][0]["times"][0])


def comparison(alone: str, theirs: Sequence[float], lab: str, ours: Sequence[float]) -> str:
    """Both, their paired difference, and whether they agree."""
    first, second, n = interval(theirs), interval(ours), len(ours)
    difference = interval(np.subtract(ours, theirs))
    agree = _within(first[0], second) and _within(second[0], first)
    return "\n".join(
        [
            f"{alone} (hyperfine): {_text(theirs)}",
            f"{lab}: {_text(ours)}",
            f"  paired difference {units.with_interval(*difference, milliseconds)}, n = {n}",
            f"  the medians lie {'' if agree else 'NOT '}within each other's interval",
        ]
    )


def _text(values: Sequence[float]) -> str:
    from scipy.stats import t

    mean, error = float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))
    low, high = t.interval(0.95, len(values) - 1, loc=mean, scale=error)
    median = units.with_interval(*interval(values), units.time)
    return f"median {median}, mean {units.with_interval(mean, low, high, units.time)}"


def _within(value: float | None, bounds: tuple[float | None, float | None, float | None]) -> bool:
    _, low, high = bounds
    return None not in (value, low, high) and bool(low <= value <= high)  # type: ignore[operator]


def _end(pidfile: Path) -> None:
    with suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int(pidfile.read_text()))
        process.kill()
        process.wait(10)


if __name__ == "__main__":
    main()
