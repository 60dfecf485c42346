"""The commands of the experiments: made of their options, which are said there only."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labkit.cli import output
from labkit.cli.app import LATER, AsJson, Later, names
from labkit.cli.output import say
from labkit.errors import UsageError
from labkit.experiments.options import Help, Names, Options
from labkit.experiments.table import EXPERIMENTS, experiment, load

if TYPE_CHECKING:
    from labkit.experiments.base import Experiment

Recorded = Annotated[
    bool, typer.Option("--recorded", help="Start nothing: show what comes with the lab.")
]
ChartFile = Annotated[
    Path | None,
    typer.Option(
        help="Draw it, too: a .svg or .png file; further charts go beside it.",
        metavar="FILE",
    ),
]


def add_commands() -> None:
    """A command for each experiment."""
    for name, entry in EXPERIMENTS.items():
        LATER[entry.command] = Later(entry.summary, partial(_make, name, entry.command))


def _make(name: str, word: str) -> Any:
    """The command, with the options of its experiment."""
    made = experiment(name)

    def command(**given: Any) -> None:
        recorded, as_json, chart = (
            given.pop("recorded"),
            given.pop("as_json"),
            given.pop("chart", None),
        )
        options = made.options(**{name: _plain(made, name, given[name]) for name in given})
        run(made, options, recorded=recorded, chart=chart, as_json=as_json)

    command.__signature__ = inspect.Signature(_parameters(made))  # type: ignore[attr-defined]
    command.__doc__ = made.help
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(word)(command)
    return typer.main.get_command(alone)


def run(
    made: Experiment[Any, Any, Any],
    options: Options,
    *,
    recorded: bool,
    chart: Path | None,
    as_json: bool,
) -> None:
    """Measures or reads, then shows: the text or the JSON object, the charts, the report."""
    from labkit.experiments import engine, report

    if recorded:
        if options != type(options)():
            raise UsageError(
                "a recording is shown as it is", resolution="leave all but --chart and --json out"
            )
        if made.reference is None:
            raise UsageError(
                "no recording of this comes with the lab",
                resolution="leave --recorded out: it is measured then",
            )
        show(made, load(made.reference), chart, as_json, "recorded")
        return
    options = replace(options, progress=not output.quiet())
    if chart is not None:
        from labkit.charts.chart import require_drawable

        require_drawable(chart)  # before the work
    try:
        found = made.examined(engine.measure(made, options))
    except BaseException as error:
        if not isinstance(error, Exception) and not hasattr(error, "__notes__"):
            error.add_note("it had recorded nothing yet; to begin anew: the same command")
        raise
    with engine.pointing_to(found.path, made):
        page = report.write_beside(found, source="live")
        show(made, found, chart, as_json, "live")
        if not as_json:
            print(f"\nrecording: {found.path}")
        if page and not as_json:
            print(f"report:    {page}")
        for form, further in made.further_pages(found).items():
            (say if as_json else print)(output.form_line(form, further))
        if (failure := made.failure(found)) is not None:
            raise failure


def show(
    made: Experiment[Any, Any, Any], found: Any, chart: Path | None, as_json: bool, source: str
) -> None:
    """The text or the JSON object of a recording, and its charts."""
    output.show(lambda: json.dumps(made.json(found)) if as_json else made.told(found))
    for path in save_charts(made, found, chart, source):
        say(f"chart: {path}")


def save_charts(
    made: Experiment[Any, Any, Any], found: Any, target: Path | None, source: str
) -> Sequence[Path]:
    """Draws all charts into files named after `target`."""
    if target is None:
        return []
    from labkit.charts import badge

    drawn = made.charts(found, badge(found.manifest, source))
    if not drawn:
        raise UsageError("there is nothing to draw in this recording")
    return [
        chart.save(target if place == 0 else target.with_stem(f"{target.stem}-{name}"))
        for place, (name, chart) in enumerate(drawn.items())
    ]


def _parameters(made: Experiment[Any, Any, Any]) -> list[inspect.Parameter]:
    """The fields of the options as typer knows them, those of the experiment first."""
    from labkit.experiments.base import Experiment

    options, draws = made.options, type(made).charts is not Experiment.charts
    hints = typing.get_type_hints(options, include_extras=True)
    common = {field.name for field in fields(Options)}
    ordered = sorted(fields(options), key=lambda field: field.name in common)
    own = [
        _parameter(field.name, _option(hints[field.name]), field.default)
        for field in ordered
        if typing.get_origin(hints[field.name]) is Annotated
    ]
    return [
        *own,
        _parameter("recorded", Recorded, False),
        *([_parameter("chart", ChartFile, None)] if draws else []),
        _parameter("as_json", AsJson, False),
    ]


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )


def _option(hint: Any) -> Any:
    """`Annotated[kind, Help(…)]` → the same for typer; names come with commas between."""
    kind, told = typing.get_args(hint)
    assert isinstance(told, Help)
    if _is_names(kind):
        kind = str | None
    return Annotated[kind, typer.Option(help=told.text, metavar=told.metavar)]


def _plain(made: Experiment[Any, Any, Any], name: str, value: Any) -> Any:
    kind = typing.get_args(typing.get_type_hints(made.options, include_extras=True)[name])[0]
    return names(value) if _is_names(kind) else value


def _is_names(kind: Any) -> bool:
    return kind == Names or Names in typing.get_args(kind)
