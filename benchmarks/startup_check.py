"""The lab's startup times, checked by another program: hyperfine.

hyperfine starts what the lab starts, without the lab, each until the agent's first line has
arrived: `docker run` with the same flags, QEMU with the same command line, and where they are
named (--backends chroot,unshare,crun,runc,containerd,docker-cli) the parts of a container engine.
Its starts and the lab's own trials are in the same blocks, in seeded random order. For each pair:
median and mean with their 95 % intervals, the paired difference, and whether each median lies
within the other's interval.

What is not the same in the two: the lab speaks to the daemon itself and not through the program
`docker`, and it samples; it makes QEMU's machine halted, connects its sockets, and lets it go; it
binds chroot and unshare to their CPUs. `qemu, no disk` leaves out the scratch disk, as a shorter
command line by hand would.

What these differences cost, measured in ways that a busy computer blurs less (engine tcg): the
machine's CPU time until the line was 2.2 to 2.3 s with and without the disk, halted at first or
not, sampled or not (medians of 4 in the same blocks; single starts from 1.9 to 2.6 s, so less
than 0.2 s would not show). By QEMU's -icount the guest was ready after 0.17 s of its own time, in
steps of 0.01 s, with and without the disk. The lab's handshake took 3 to 5 ms of its CPU time.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from alone import Start, first_line, starts

from labkit import units
from labkit.experiments.selftest.trials import observe
from labkit.measure.plan import Plan
from labkit.measure.session import Session, opened
from labkit.stats import interval
from labkit.system.process import find_tool
from labkit.units import milliseconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backends", default="docker,qemu")
    parser.add_argument("--blocks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if find_tool("hyperfine") is None:
        sys.exit("hyperfine is not there; it is a Debian package: sudo apt-get install hyperfine")
    names = options.backends.split(",")
    pairs: dict[str, str] = {}
    kinds: dict[str, Start] = {}
    with opened(names) as session:
        for name, backend in session.backends.items():
            theirs = starts(name, backend, session.image)
            pairs |= dict.fromkeys(theirs, name)
            kinds |= {f"lab {name}": partial(lab_trial, name, session), **theirs}
        kinds["shell alone"] = partial(first_line, "echo LABKIT/")
        times = measure(kinds, options.blocks, options.seed)
    print(f"shell alone, in each of hyperfine's: {_text(times['shell alone'])}")
    for alone, name in pairs.items():
        print(comparison(alone, times[alone], f"lab {name}", times[f"lab {name}"]))


def measure(kinds: Mapping[str, Start], blocks: int, seed: int) -> dict[str, list[float]]:
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


def lab_trial(name: str, session: Session) -> float:
    """The startup of a whole trial of the lab, by its runner."""
    plan = Plan(backends=(name,), workloads=(), trials={name: 1}, seconds=1)
    (trial,) = observe(plan, session.backends, session)
    assert trial.records.trial.startup_s is not None
    return trial.records.trial.startup_s


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


if __name__ == "__main__":
    main()
