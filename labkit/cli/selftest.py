"""Testing the lab itself: selftest."""

from __future__ import annotations

from typing import Annotated

import typer

from labkit.cli.app import AsJson, app, names, say
from labkit.errors import LabError


@app.command(short_help="Test the lab itself.")
def selftest(
    backends: Annotated[
        str | None,
        typer.Option(
            help="Which, with commas between; if not given, of those that can run here: host and "
            "docker for all parts, qemu for the null trials and the sampler's cost."
        ),
    ] = None,
    repeats: Annotated[
        int, typer.Option(help="Blocks of each part; a slow backend is in fewer null trials.")
    ] = 12,
    seed: Annotated[
        int | None, typer.Option(help="Makes the order of the trials and the replays repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Test the lab itself, where the true answer is known. About two minutes.

    \b
    How much of a startup is the lab's own?   null trials with and without readings of meters,
                                              and of the smallest possible process
    How often is an interval wrong?           the same backend twice, under two names; then 100
                                              replays of its blocks with the names at random
    What does sampling cost?                  its share of a CPU, and what a workload loses

    \b
    labkit selftest                           host, docker and qemu
    labkit selftest --backends docker --repeats 30
    labkit selftest --json > selftest.json    one JSON object; messages stay on stderr

    Exit status 1 when a bound is broken. The figures are kept, and stand at the foot of the
    reports of later runs on this computer. Do nothing else on the computer meanwhile.
    """
    from labkit.selftest import perform, state, texts

    result = perform.selftest(names(backends), repeats=repeats, seed=seed)
    print(result.model_dump_json(indent=2) if as_json else texts.report_text(result))
    kept = state.save(result)
    say(f"kept for the reports of later runs: {kept}")
    if result.violations:
        raise LabError(
            "the selftest is out of its bounds",
            details="\n".join(result.violations),
            resolution="repeat it while nothing else runs (labkit selftest --repeats 30); where it "
            "stays so, read differences of that size as the lab's own",
        )
