"""Noisy neighbours: neighbours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labkit.cli.app import AsJson, app, names, say
from labkit.paths import runs_dir

if TYPE_CHECKING:
    from labkit.neighbours import Experiment, NeighbourTrial


@app.command(short_help="How much a neighbour disturbs.")
def neighbours(
    backends: Annotated[
        str | None,
        typer.Option(
            help="Which, with commas between; if not given, those that can run here and start "
            "quickly. virtualbox only when named: one block, few requests, many minutes."
        ),
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(help="What the neighbour takes: cpu, memory, disk; all of them.")
    ] = None,
    blocks: Annotated[int, typer.Option(help="How often each victim is started.")] = 3,
    requests: Annotated[int, typer.Option(help="Requests of each victim and condition.")] = 40,
    seed: Annotated[int | None, typer.Option(help="Makes the order repeatable.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="A new folder for the data and the two charts.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how much one instance disturbs another, without limits and with them.

    \b
    The victim is a small web server on one CPU; each of its answers takes a fixed amount of work.
    In each block, the same victim serves three times, in random order:
      alone              nobody is beside it
      without limits     a second instance takes what the victim needs:
                         cpu: computes on the same CPU; memory: fills 512 MiB again and again;
                         disk: writes 8 MiB and waits for the disk, again and again
      with limits        the same neighbour, on another CPU, with 256 MiB, with 8 MiB/s

    \b
    labkit neighbours                                all that can run and start quickly
    labkit neighbours --backends docker --kinds cpu  half a minute
    labkit neighbours --blocks 10 --json > it.json   narrower intervals; messages stay on stderr

    Throughput and tail latency (p95) come as ratios to being alone, with their 95 % interval.
    What cannot be limited here stays empty, with the reason. A host process has no disk limit.
    """
    from labkit import neighbours as lab
    from labkit import stats
    from labkit.neighbours.texts import table_text

    plan = lab.make_plan(names(backends), names(kinds), blocks=blocks, requests=requests, seed=seed)
    folder: list[lab.Folder] = []

    def begin(manifest: Experiment) -> None:
        folder.append(lab.Folder(out or runs_dir() / f"{manifest.experiment_id}-neighbours"))
        folder[0].begin(manifest)

    manifest, trials = lab.measure(plan, begin, lambda trial: folder[0].add(trial))
    frame = lab.frame(trials)
    ratios, work = stats.neighbours(frame), stats.neighbours_work(frame)
    if as_json:
        print(_json(manifest, trials, ratios.to_json(orient="records")))
    else:
        print(table_text(ratios, work))
    _draw(folder[0].path, manifest)
    say(f"written: the data and two charts in {folder[0].path}")


def _json(manifest: Experiment, trials: list[NeighbourTrial], ratios: str) -> str:
    found = {
        "experiment": manifest.model_dump(),
        "trials": [trial.model_dump() for trial in trials],
        "ratios": json.loads(ratios),
    }
    return json.dumps(found)


def _draw(path: Path, manifest: Experiment) -> None:
    """The charts of what was written, read back."""
    from labkit import charts, stats
    from labkit import neighbours as lab

    table = stats.neighbours(lab.load(path).trials)
    badge = charts.badge(manifest, "live")
    for quantity in ("throughput", "p95"):
        charts.neighbours(table, quantity, badge=badge).save(path / f"{quantity}.svg")
