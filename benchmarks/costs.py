"""The figures of `make bench`, one line each."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from starts import docker_start, emulated_start, missing

from labkit import image
from labkit.backends.timeline import Timeline
from labkit.measure.sampler import Sampler
from labkit.measure.session import opened
from labkit.recordings.facts import Limits
from labkit.stats.bootstrap import LEVEL
from labkit.stats.median import bca_bounds
from labkit.system.owner_marks import scratch_folder
from labkit.system.paths import cache_dir

LABKIT = (sys.executable, "-m", "labkit")
BIG = Path(__file__).parent / "big_run.py"


@dataclass(frozen=True)
class Cost:
    """unit: "CPU s", "MiB" or "ratio"; the less the better. missing: why not here, or None."""

    name: str
    unit: str
    goal: float
    measure: Callable[[], float]
    missing: Callable[[], str | None] = lambda: None


class Spent(NamedTuple):
    """By a program, and what it had to wait for: CPU seconds; most memory at a moment, in MiB."""

    cpu_s: float
    peak_mib: float


def program(*words: str, **more: str) -> Spent:
    """Runs it, without its output, with `more` in its environment, and asks the kernel (wait4(2)).
    What it compiles is kept, as it is for a user."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | more
    nowhere = os.open(os.devnull, os.O_RDWR)
    places = [(os.POSIX_SPAWN_DUP2, nowhere, number) for number in (0, 1, 2)]
    try:
        pid = os.posix_spawn(words[0], list(words), environment, file_actions=places)
    finally:
        os.close(nowhere)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(words)} failed: {os.waitstatus_to_exitcode(status)}")
    return Spent(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def least(tries: int, *words: str) -> float:
    return min(program(*words).cpu_s for _ in range(tries))


def report(tries: int = 3) -> float:
    with scratch_folder() as folder:
        page = str(folder / "page.html")
        return least(tries, *LABKIT, "report", "first-comparison", "--out", page)


@lru_cache
def big_run() -> Spent:
    """Two tries: the making of the recording is not in it."""
    with scratch_folder() as folder:
        program(sys.executable, str(BIG), "make", str(folder / "run"))
        tries = [program(sys.executable, str(BIG), "read", str(folder / "run")) for _ in range(2)]
        return Spent(min(t.cpu_s for t in tries), min(t.peak_mib for t in tries))


def interval_ratio(n: int = 20, pairs: int = 15) -> float:
    """CPU time of our interval ÷ scipy's of 9,999 resamples, of the same values in turns."""
    from scipy.stats import bootstrap

    rng = np.random.default_rng(0)
    samples = [np.sort(rng.lognormal(0, 0.3, n)) for _ in range(pairs)]
    options = {"n_resamples": 9_999, "confidence_level": LEVEL, "method": "BCa"}
    return median(
        _cpu(partial(bca_bounds, tuple(sample.tolist()), LEVEL))
        / _cpu(partial(bootstrap, (sample,), np.median, rng=rng, **options))
        for sample in samples
    )


def sampled_containers(count: int = 10, readings: int = 30) -> float:
    """CPU seconds that a second of sampling takes, ten readings in each."""
    with opened(["docker"]) as session, ExitStack() as stack:
        backend, sampler = session.backends["docker"], Sampler(session.clock)
        sampler.add(backend.services())
        for _ in range(count):
            launched = backend.launch(session.image, Limits(), Timeline(session.clock))
            instance = stack.enter_context(launched)
            instance.wait_ready(session.ready_timeout)
            sampler.add([*instance.meters(), *instance.late_meters()])
        sampler.take("ready")
        spent = 0.0
        for _ in range(readings):
            time.sleep(0.1)
            spent += _cpu(sampler.take)
        return 10 * spent / readings


def image_build() -> float:
    """From packages that are in the cache."""
    with scratch_folder() as folder:
        shutil.copytree(cache_dir() / "debs", folder / "debs")
        return program(*LABKIT, "image", "build", LABKIT_CACHE=str(folder)).cpu_s


def no_packages() -> str | None:
    return None if image.find() else "no lab image is built: labkit image build"


def _cpu(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


COSTS: Sequence[Cost] = (
    Cost("labkit --help", "CPU s", 0.2, partial(least, 5, *LABKIT, "--help")),
    Cost("labkit report first-comparison", "CPU s", 2.5, report),
    Cost(
        "10,000 trials, 1,000,000 samples: read, summary, charts",
        "CPU s",
        6,
        lambda: big_run().cpu_s,
    ),
    Cost("the same: most memory", "MiB", 600, lambda: big_run().peak_mib),
    Cost(
        "sampling 10 containers at 10 Hz, a second of it",
        "CPU s",
        0.03,
        sampled_containers,
        partial(missing, "docker"),
    ),
    Cost(
        "docker: requested to ready ÷ docker run",
        "ratio",
        0.93,
        docker_start,
        partial(missing, "docker"),
    ),
    Cost(
        "qemu (tcg): its CPU time to ready ÷ with a packed kernel",
        "ratio",
        0.8,
        emulated_start,
        partial(missing, "qemu"),
    ),
    Cost("lab image of packages that are there", "CPU s", 5, image_build, no_packages),
    Cost(
        "labkit image build, where it is built",
        "CPU s",
        0.2,
        partial(least, 3, *LABKIT, "image", "build"),
        no_packages,
    ),
    Cost(
        "import of pandas and matplotlib: below this is no report",
        "CPU s",
        2.5,
        partial(least, 3, sys.executable, "-c", "import pandas, matplotlib.backends.backend_svg"),
    ),
    Cost("labkit doctor, its answers kept", "CPU s", 0.5, partial(least, 3, *LABKIT, "doctor")),
    Cost("interval of a median of 20 ÷ by resampling", "ratio", 0.25, interval_ratio),
)
