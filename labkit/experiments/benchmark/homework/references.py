"""What a homework refers to: the programs with their versions, and where its methods are from."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.experiments.benchmark.homework.tasks import tasks
from labkit.experiments.benchmark.records import Run

# Debian's package → where its program is described.
MANUALS = {
    "sysbench": "https://github.com/akopytov/sysbench",
    "fio": "https://fio.readthedocs.io/",
    "iperf3": "https://software.es.net/iperf/",
    "nginx": "https://nginx.org/en/docs/",
    "apache2-utils": "https://httpd.apache.org/docs/2.4/programs/ab.html",
    "redis-tools": "https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/"
    "benchmarks/",
}
METHODS = (
    "Intervals of medians: Efron, B. (1987). Better Bootstrap Confidence Intervals. Journal of the "
    "American Statistical Association 82.",
    "Ratios: Hodges, J. L. and Lehmann, E. L. (1963). Estimates of Location Based on Rank Tests. "
    "The Annals of Mathematical Statistics 34.",
    "Intervals of ratios: Wilcoxon, F. (1945). Individual Comparisons by Ranking Methods. "
    "Biometrics Bulletin 1.",
    "Memory (PSS): proc(5), /proc/PID/smaps_rollup, the manual pages of Linux.",
)


def packages(run: Run) -> dict[str, str]:
    """Debian's package → version, of those that the plan's workloads name."""
    named = dict.fromkeys(name for task in tasks(run) for name in task.workload.packages)
    versions = run.manifest.packages
    return {name: versions[name] for name in named if name in versions}


def references(run: Run) -> Iterator[str]:
    """Sentences: the lab, each program, each boundary, each method."""
    yield f"labkit {run.manifest.labkit_version}: measured and wrote this page."
    for name, version in packages(run).items():
        manual = f" {MANUALS[name]}" if name in MANUALS else ""
        yield f"{name}, Debian package {version}.{manual}"
    yield from (f"{name}: {info.version}." for name, info in run.manifest.backends.items())
    yield from METHODS
