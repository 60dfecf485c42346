"""The command line. Results go to stdout; progress and messages go to stderr."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from labkit.errors import LabError, UsageError
from labkit.process import owner

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="""The Virtualization Lab: the same workload as a bare process, in a container and in a
virtual machine, measured on this computer.

\b
To begin:
  labkit doctor                  what can run here, and what is missing
  labkit setup                   install and build what is missing (root for the packages)
  labkit run                     compare all that can run, with the quick profile
  labkit report RUN              the same run as a web page
""",
)
image_app = typer.Typer(no_args_is_help=True, help="The lab image: the bits that run everywhere.")
app.add_typer(image_app, name="image")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
Kernel = Annotated[
    Path | None,
    typer.Option(help="A Linux kernel of your own for the guests (a bzImage).", metavar="FILE"),
]


class Interrupted(BaseException):
    """A signal asks the lab to end. Not an Exception, so that nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def main() -> None:
    """The console script: runs a command, turns errors into messages and exit statuses."""
    owner()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        app()
    except LabError as error:
        _fail(f"error: {error}", error)
        sys.exit(error.exit_code)
    except Interrupted as error:
        _fail(f"ended by {error}; nothing of it is left running", error)
        sys.exit(128 + error.number)
    except BrokenPipeError:  # the reader of our output has gone, as in `labkit doctor | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Tell what can run on this computer, why not, and the command that mends it."""
    from labkit.diagnosis import examine
    from labkit.texts import diagnosis_text

    found = examine()
    print(found.model_dump_json(indent=2) if as_json else diagnosis_text(found))


@app.command()
def setup(
    backends: Annotated[
        list[str] | None, typer.Argument(help="Which backends; all when none is named.")
    ] = None,
) -> None:
    """Install what the backends need, start a Docker daemon, build the lab image.

    Does only what is missing. Installing packages and starting a daemon need root: without it,
    the exact command is printed. A backend that is named must succeed; without names, what
    cannot be set up is reported and the rest goes on.
    """
    from labkit.setup.steps import set_up

    set_up(backends or None, say)


@image_app.command("build")
def image_build(
    kernel: Kernel = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Look at the mirror again for newer packages.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build the lab image from Debian packages, without root. A second build does nothing."""
    from labkit import image

    built = image.build(kernel=kernel, refresh=refresh, progress=sys.stderr.isatty())
    _show_image(built.describe(), as_json)


@image_app.command("show")
def image_show(kernel: Kernel = None, as_json: AsJson = False) -> None:
    """Show the built image: digest, packages, sizes, and how its packages were verified."""
    from labkit import image

    found = image.find(kernel=kernel)
    if found is None:
        raise LabError("the lab image is not built yet", resolution="labkit image build")
    _show_image(found.describe(), as_json)


@app.command()
def run(
    backends: Annotated[
        str | None,
        typer.Option(help="Which, with commas between; all that can run here if not given."),
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
            help="quick: 5 trials, CPU and idle; reference: 10, four workloads; full: 10, all. "
            "A slow backend makes fewer."
        ),
    ] = "quick",
    seed: Annotated[
        int | None, typer.Option(help="Makes the order of the trials repeatable.")
    ] = None,
    cpus: Annotated[int, typer.Option(help="CPUs of each instance.")] = 1,
    memory_mib: Annotated[int, typer.Option(help="Memory of each instance.")] = 256,
    kernel: Kernel = None,
    ready_timeout: Annotated[
        float, typer.Option(help="Seconds until an instance counts as hung.")
    ] = 60,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder; data/runs/ID if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the workloads behind each boundary, interleaved, and compare.

    \b
    labkit run                                    the quick profile on all that can run
    labkit run --backends docker,qemu --repeats 20 --workloads cpu,fork
    labkit run --json > result.json               one JSON object; messages stay on stderr
    """
    from labkit import charts, lab, report, texts

    limits = lab.limits(cpus, memory_mib)
    if backends is None:
        for name, missing in lab.left_out().items():
            say(f"left out: {name}: {missing.reason}\n  what to do: {missing.fix}")
    result = lab.run(
        _names(backends),
        workloads=_names(workloads),
        repeats=repeats,
        seconds=seconds,
        profile=profile,
        seed=seed,
        limits=limits,
        kernel=kernel,
        out=out,
        ready_timeout=ready_timeout,
    )
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


@app.command("report")
def report_command(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or its id.")],
    out: Annotated[
        Path | None, typer.Option(help="The page's file; RUN/report.html if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a run's web page (one file, nothing loaded from elsewhere) and print its table."""
    from labkit import report, store, texts

    loaded = store.load(run_id)
    page = report.write(loaded, out or loaded.path / "report.html")
    if as_json:
        print(json.dumps({**texts.run_json(loaded), "report": str(page)}))
    else:
        print(f"{report.table_text(loaded)}\n\nreport: {page}")


@app.command()
def clean(
    daemon: Annotated[
        bool, typer.Option("--daemon", help="Also end the Docker daemon that the lab started.")
    ] = False,
    virtualbox: Annotated[
        bool, typer.Option("--virtualbox", help="Also delete the VirtualBox that the lab set up.")
    ] = False,
    cache: Annotated[
        bool, typer.Option("--cache", help="Also delete all that can be built or fetched again.")
    ] = False,
) -> None:
    """Remove what a killed lab has left: processes, containers, temporary folders."""
    from labkit.setup.steps import clean_up

    for line in clean_up(daemon=daemon, virtualbox=virtualbox, cache=cache) or [
        "nothing was left behind"
    ]:
        print(line)


def say(message: str) -> None:
    """A message to the user, on stderr."""
    print(message, file=sys.stderr, flush=True)


def _names(text: str | None) -> list[str] | None:
    """`a,b` → names. An empty text names nothing, which is an error and not «all»."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError("an empty list names nothing", resolution="leave the option out for all")
    return names


def _show_image(description: dict[str, Any], as_json: bool) -> None:
    from labkit.texts import image_text

    print(json.dumps(description, indent=2) if as_json else image_text(description))


def _fail_for_failed_trials(result: Any) -> None:
    failed = result.trials[result.trials["status"] == "failed"]
    for row in failed.itertuples():
        say(
            f"\ntrial {row.trial} ({row.backend}) failed; no more trials of it were made\n"
            f"{row.error}"
        )
    if len(failed):
        raise typer.Exit(1)


def _fail(message: str, error: BaseException) -> None:
    say("\n".join([message, *getattr(error, "__notes__", [])]))


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The first signal ends the work in order; while that goes on, further ones are ignored."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    say("\nending: removing what is running (a few seconds)")
    raise Interrupted(number)
