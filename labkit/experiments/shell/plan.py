"""What can be chosen for a script that runs behind every boundary: checked questions, and the plan
that they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from labkit.backends.table import expand, make_backend
from labkit.errors import BackendError, UsageError
from labkit.experiments.options import Help, Names, Options, require_within
from labkit.experiments.shell.records import Question, ShellPlan
from labkit.image.closure import package_names
from labkit.measure import choice
from labkit.system import plain_files


@dataclass(frozen=True)
class ShellOptions(Options):
    """A file with a script; or, from a program, questions: several scripts in one recording."""

    script: Annotated[Path | None, Help("The file with the script.", "FILE")] = None
    backends: Annotated[
        Names | None,
        Help(
            "Which, with commas between; if not given, what can run here quickly, but never the "
            "host, where a script could do harm: host must be named."
        ),
    ] = None
    packages: Annotated[
        Names | None,
        Help("Debian's packages whose programs the script may use, with commas between."),
    ] = None
    seconds: Annotated[int, Help("When the script is ended, 1 to 300.", "N")] = 10
    bytes: Annotated[int, Help("How much of each output is kept, 1 to 65536.", "N")] = 8192
    questions: tuple[Question, ...] = ()


# A line of the protocol has room for so much.
LONGEST_SCRIPT = 2048


def make_plan(options: ShellOptions) -> ShellPlan:
    """A checked plan; UsageError says what makes no sense."""
    packages = package_names(options.packages or ())
    if options.questions:
        return together(options.questions, packages)
    if options.script is None:
        raise UsageError("there is no script", resolution="name a file with --script FILE")
    return together(
        [
            question(
                _read(options.script),
                options.backends,
                seconds=options.seconds,
                output_bytes=options.bytes,
            )
        ],
        packages,
    )


def question(
    text: str,
    backends: Sequence[str] | None = None,
    *,
    seconds: int = 10,
    output_bytes: int = 8192,
) -> Question:
    """A checked question. Without backends: all that can run here quickly, but never the host,
    where a script could do harm; `host` must be named. UsageError says what makes no sense,
    BackendError that there is none."""
    script = text.rstrip("\n") + "\n"
    if not text.strip():
        raise UsageError("there is no script", resolution="write some lines of shell")
    if len(script.encode()) > LONGEST_SCRIPT:
        raise UsageError(
            f"the script has {len(script.encode())} bytes; {LONGEST_SCRIPT} are possible",
            resolution="make a workload of it: a file in labkit/guest/workloads",
        )
    require_within("seconds", seconds, 1, 300)
    require_within("bytes", output_bytes, 1, 65536)
    names = tuple(_harmless() if backends is None else expand(backends))
    return Question(text=script, backends=names, seconds=seconds, output_bytes=output_bytes)


def together(questions: Iterable[Question], packages: tuple[str, ...] = ()) -> ShellPlan:
    """One plan of several questions; a script that is asked twice is run once behind each
    boundary. UsageError where it has two limits."""
    scripts: dict[str, Question] = {}
    for asked in questions:
        known = scripts.setdefault(asked.id, asked)
        if (known.seconds, known.output_bytes) != (asked.seconds, asked.output_bytes):
            raise UsageError(
                "one script has two limits",
                details=asked.text,
                resolution="give it the same seconds and bytes in each place",
            )
        names = tuple(dict.fromkeys([*known.backends, *asked.backends]))
        scripts[asked.id] = known.model_copy(update={"backends": names})
    return ShellPlan(scripts=scripts, packages=packages)


def _read(script: Path) -> str:
    try:
        return plain_files.read_utf8(script)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the script {script} cannot be read",
            details=str(error),
            resolution="name a file with lines of shell",
        ) from error


def _harmless() -> list[str]:
    names = [name for name in choice.quick() if make_backend(name).family != "baseline"]
    if not names:
        raise BackendError(
            "nothing can run here but the host, where a script could do harm",
            resolution="labkit doctor tells what is missing; where you know that it is harmless, "
            "name host",
        )
    return names
