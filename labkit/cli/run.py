"""Measuring: run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labkit.cli.app import AsJson, Kernel, ReadyTimeout, app, names, say
from labkit.errors import UsageError

if TYPE_CHECKING:
    from labkit.store import Run


@app.command(short_help="Measure and compare.")
def run(
    context: typer.Context,
    backends: Annotated[
        str | None,
        typer.Option(
            help="Which, with commas between; all that can run here if not given. layers: what a "
            "container engine is made of. A setting as in docker:network=bridge."
        ),
    ] = None,
    workloads: Annotated[
        str | None,
        typer.Option(help="Which, with commas between; settings as in ballast:mib=128."),
    ] = None,
    repeats: Annotated[int | None, typer.Option(help="Trials of each backend.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How long each workload lasts.")] = None,
    profile: Annotated[
        str,
        typer.Option(
            help="quick: 5 trials, CPU and idle; reference: 10, four workloads; full: 10, all; "
            "web: 10, an HTTP server that is asked. A slow backend makes fewer. "
            "layers: 20 starts at each depth of a container engine."
        ),
    ] = "quick",
    seed: Annotated[
        int | None, typer.Option(help="Makes the order of the trials repeatable.")
    ] = None,
    cpus: Annotated[int, typer.Option(help="CPUs of each instance.")] = 1,
    memory_mib: Annotated[int, typer.Option(help="Memory of each instance.")] = 256,
    kernel: Kernel = None,
    ready_timeout: ReadyTimeout = 60,
    warmups: Annotated[
        int | None,
        typer.Option(help="Starts of each backend before the first block, in no figure."),
    ] = None,
    until_precision: Annotated[
        float | None,
        typer.Option(
            help="Add blocks until the interval of each ratio is narrower than this part of it "
            "(0.1: ten percent), or the time budget is spent.",
            metavar="P",
        ),
    ] = None,
    time_budget: Annotated[
        float | None,
        typer.Option(help="Seconds that such a run may take in all; 600 if not given."),
    ] = None,
    instances: Annotated[
        int | None,
        typer.Option(
            help="After the blocks, so many instances of each backend at once, to see what each "
            "further one costs; 1 for none. Backends that are too slow have fewer or none.",
            metavar="N",
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            help="Go on with a run that was broken off: its plan, its seed, its folder.",
            metavar="RUN",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder; data/runs/ID if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the workloads behind each boundary, interleaved, and compare.

    \b
    labkit run                                    the quick profile on all that can run
    labkit run --backends docker,qemu --repeats 20 --workloads cpu,fork
    labkit run --profile web                      how long until a server answers, how fast then
    labkit run --until-precision 0.1              as many blocks as that takes, in 10 minutes
    labkit run --resume data/runs/ID              after Ctrl-C, a kill, a power cut
    labkit run --json > result.json               one JSON object; messages stay on stderr
    """
    from labkit import lab, planning

    if resume is not None:
        _only_with_resume(context)
        result = lab.resume(resume, kernel=kernel, ready_timeout=ready_timeout)
        with lab.pointing_to(result.path):
            _show(result, as_json)
        return
    limits = planning.limits(cpus, memory_mib)
    for name, missing in planning.left_out(names(backends), profile).items():
        say(f"left out: {name}: {missing.reason}\n  what to do: {missing.fix}")
    result = lab.run(
        names(backends),
        workloads=names(workloads),
        repeats=repeats,
        seconds=seconds,
        profile=profile,
        seed=seed,
        limits=limits,
        kernel=kernel,
        out=out,
        ready_timeout=ready_timeout,
        warmups=warmups,
        until_precision=until_precision,
        budget_s=time_budget,
        instances=instances,
    )
    with lab.pointing_to(result.path):
        _show(result, as_json)


def _only_with_resume(context: typer.Context) -> None:
    """UsageError for an option that would change the plan of a run that has one."""
    allowed = {"resume", "kernel", "ready_timeout", "as_json"}
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source and source.name == "COMMANDLINE" and parameter.name not in allowed:
            raise UsageError(
                f"{parameter.opts[0]} cannot be chosen for a run that is resumed",
                details="it goes on with the plan that it began with",
                resolution=f"leave {parameter.opts[0]} out, or begin a new run",
            )


def _show(result: Run, as_json: bool) -> None:
    """The table or the JSON object, the report's file, and what failed."""
    from labkit import charts, report, texts

    if as_json:
        print(json.dumps(texts.run_json(result)))
    else:
        print(report.table_text(result))
        print(f"\nrun:    {result.path}")
    badge = charts.badge(result.manifest, "live")
    page = report.write(result, result.path / "report.html", badge=badge)
    if not as_json:
        print(f"report: {page}")
    _fail_for_failed_trials(result)


def _fail_for_failed_trials(result: Run) -> None:
    failed = result.trials[result.trials["status"] == "failed"]
    for row in failed.itertuples():
        say(
            f"\ntrial {row.trial} ({row.backend}) failed; no more trials of it were made\n"
            f"{row.error}"
        )
    if len(failed):
        raise typer.Exit(1)
