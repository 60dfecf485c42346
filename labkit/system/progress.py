"""How far a long work is: a bar in a terminal or a notebook, elsewhere a line every so often."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from labkit.system.telling import tell

EVERY_S = 30.0
_LINE = "{desc}{n_fmt} of {total_fmt}, {elapsed} passed, {remaining} left"


def bar(*, total: int | None, disable: bool, **options: Any) -> Any:
    """A bar of tqdm's. Into a file or a pipe it writes lines, and not one that has no end."""
    from tqdm.auto import tqdm  # slow to import

    disable = disable or sys.stderr is None
    if disable or "ipykernel" in sys.modules or sys.stderr.isatty():
        return tqdm(total=total, disable=disable, **options)
    tqdm.monitor_interval = 0  # its thread would only watch for a bar that stands still
    quiet: dict[str, Any] = {"mininterval": EVERY_S, "maxinterval": 10 * EVERY_S}
    quiet |= {"miniters": 1, "leave": True, "smoothing": 0}
    made = tqdm(total=total, file=_Lines(), bar_format=_LINE, **{**options, **quiet})
    if options.get("delay"):  # its first line comes after that, and not EVERY_S later
        made.last_print_t -= EVERY_S
    made.set_description = partial(made.set_description, refresh=False)  # type: ignore[method-assign]
    return made


class _Lines:
    """A bar is drawn anew over the one before; here, each is a line."""

    def write(self, text: str) -> None:
        if line := text.strip():
            tell(line)

    def flush(self) -> None:
        pass
