"""Tasks about what a student writes: an app, a workload, a run."""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from labkit.apps import AppStatus, status
from labkit.course.tasks.task import task
from labkit.errors import LabError
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.records import Run
from labkit.experiments.table import load_run
from labkit.guest import workload
from labkit.recordings.listing import listed
from labkit.system import paths
from labkit.units import MIB

APP, WORD = "lab-shop", "open"
GUEST = "my-guest"
FEWEST = 5
SLOW_S = 5.0


def _app() -> AppStatus | None:
    return next((app for app in status() if app.name == APP), None)


@task(
    "08-back",
    hint="`labkit paas --help` names the command that goes back to the release before",
    way=(
        f"mkdir {APP} && echo {WORD} > {APP}/index.html && labkit paas deploy {APP}",
        f"echo 'web: false' > {APP}/Procfile; labkit paas deploy {APP} || rm {APP}/Procfile",
        f"echo closed > {APP}/index.html && labkit paas deploy {APP}",
        f"labkit paas rollback {APP}",
    ),
    clean_up=f"labkit paas stop {APP}",
)
def gone_back() -> str:
    """An app whose newest release answers and is wrong, so that the one before is in place."""
    if (app := _app()) is None:
        return f"there is no app `{APP}`"
    if app.state != "healthy":
        return f"it is not healthy, but {app.state}"
    if len(app.releases) < 2:
        return "it has one release: deploy another page, too"
    if app.release == app.releases[-1]:
        return "its newest release is in place: go back to the one before"
    with urllib.request.urlopen(app.url, timeout=SLOW_S) as answer:  # noqa: S310  loopback
        page = answer.read(2000).decode(errors="replace")
    return "" if WORD in page else f"its page does not say `{WORD}`, but `{page.strip()[:40]}`"


def _runs() -> Iterator[Run]:
    """The student's own runs that came to their end, the newest first."""
    for one in reversed(listed(paths.runs_dir())):
        if one.experiment == "benchmark" and one.state == "complete":
            with suppress(LabError):  # it was changed by hand: no run of the lab's
                yield load_run(one.folder)


def _files() -> list[Path]:
    return sorted(Path(GUEST, "workloads").glob("*.sh"))


def _measured() -> tuple[Path, Run] | None:
    """A file of one's own, and a run that has measured it as it is now."""
    digests = {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in _files()}
    for run in _runs():
        for file, digest in digests.items():
            if run.manifest.workload_digests.get(file.stem) == digest:
                return file, run
    return None


def _rates() -> str:
    if (found := _measured()) is None:
        return ""
    file, run = found
    rows = run.results[run.results["workload"] == file.stem]
    each = rows.groupby("backend", sort=False)["ops_per_s"].median()
    rates = "; ".join(f"{name} {rate:.3g}" for name, rate in each.items())
    return f"Operations of `{file.stem}` a second: {rates}."


@task(
    "09-own",
    hint="the file of section 2 is one that works; each change of it wants a run of its own",
    way=(
        f"mkdir -p {GUEST}/workloads",
        "printf '%s\\n' '# title: compression of numbers' '# unit: line' "
        "'# ops-per-unit: 0.001' "
        '\'step() { "$BUSYBOX" seq $(($1 * 1000)) | "$BUSYBOX" gzip -c >/dev/null; }\' '
        f"> {GUEST}/workloads/numbers.sh",
        f"LABKIT_GUEST={GUEST} labkit run --backends host --workloads numbers "
        "--repeats 3 --seconds 0.2",
    ),
    clean_up=f"rm -r {GUEST}",
    seen=_rates,
)
def own_workload() -> str:
    """A workload of one's own that the lab accepts, and that a run has measured."""
    if not _files():
        return f"there is no file {GUEST}/workloads/NAME.sh beside this notebook"
    for file in _files():
        try:
            workload.read_workload(file)
        except LabError as error:
            return f"{error.brief}: {error.details}"
        if (workload.GUEST_DIR / "workloads" / file.name).exists():
            return f"the lab has a workload {file.stem} already: give yours another name"
    if (found := _measured()) is None:
        names = {file.stem for file in _files()}
        before = any(names & run.manifest.workload_digests.keys() for run in _runs())
        return "it was changed after it was measured" if before else "no run has measured it"
    file, run = found
    rows = run.results[run.results["workload"] == file.stem]
    return "" if rows["ops_per_s"].gt(0).any() else "the run has counted no operation of it"


KINDS = {"container": ("container",), "machine": ("hypervisor", "host-virtualization")}


def _counts(run: Run) -> dict[str, int]:
    """Kind of boundary → how often the best measured backend of that kind was started."""
    table = stats.backends(run.trials)
    return {
        kind: int(table.loc[table["family"].isin(families), "n"].max() or 0)
        if table["family"].isin(families).any()
        else 0
        for kind, families in KINDS.items()
    }


def _memory() -> str:
    for run in _runs():
        if min(_counts(run).values()) >= FEWEST:
            table = stats.memory(run.samples, run.trials)
            table = table[(table["metric"] == "pss") & (table["role"] == "each")]
            each = (table["median_bytes"] / MIB).round(1).astype(str) + " MiB"
            sizes = ", ".join(table["backend"] + " (" + table["engine"] + ") " + each)
            return f"PSS, with its helper: {sizes}. Does «it needs less memory» hold here?"
    return ""


@task(
    "10-measure",
    hint=f"labkit run --backends docker,qemu --workloads idle --repeats {FEWEST}",
    way=(f"labkit run --backends docker,qemu --workloads idle --repeats {FEWEST} --seconds 0.2",),
    clean_up="nothing: the run is yours, in data/runs",
    seen=_memory,
)
def measured() -> str:
    """A run of one's own that has what a sentence of the note compares: containers, machines."""
    counts = [_counts(run) for run in _runs()]
    if not counts:
        return "you have no run yet that came to its end"
    if any(min(each.values()) >= FEWEST for each in counts):
        return ""
    if not any(min(each.values()) for each in counts):
        return "none of your runs has both a container and a machine"
    most = max(min(each.values()) for each in counts)
    return f"your run has {most} trials of each that succeeded, and {FEWEST} are asked for"
