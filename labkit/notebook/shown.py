"""What a notebook shows in one place, and can show anew when something has changed."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

Content = tuple[Any, ...]


class Shown:
    """Charts, tables and sentences below each other; `now` gives those of this moment."""

    def __init__(self, now: Callable[[], Content]) -> None:
        self._now = now
        self._handle: Any = None

    def renew(self) -> None:
        """Shows in the same place what is to be seen now; nothing where nothing was shown yet."""
        if self._handle is not None:
            self._handle.update(_page(self._now()))

    def _ipython_display_(self) -> None:
        from IPython.display import display

        self._handle = display(_page(self._now()), display_id=True)  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        return repr(_Page(self._now()))


def _page(contents: Content) -> Any:
    """A single thing shows itself (a field too); several are put into one page."""
    alone = len(contents) == 1 and not isinstance(contents[0], str)
    return contents[0] if alone else _Page(contents)


class _Page:
    """The contents of one moment."""

    def __init__(self, contents: Content) -> None:
        self._contents = contents

    def _repr_html_(self) -> str | None:
        """None, and so plain text, where there is nothing but sentences."""
        if all(isinstance(content, str) for content in self._contents):
            return None
        return "".join(map(_html, self._contents))

    def __repr__(self) -> str:
        return "\n".join(c if isinstance(c, str) else repr(c) for c in self._contents)


def _html(content: Any) -> str:
    if isinstance(content, str):
        return f"<p>{escape(content)}</p>"
    return str(content._repr_html_())
