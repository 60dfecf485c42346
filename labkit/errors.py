"""One error root. Each message says what went wrong, why, and what to do about it."""

from __future__ import annotations


class LabError(Exception):
    """Something the user can read and act on.

    brief: what went wrong, one line. details: why (may hold several lines, such as the
    end of a console). resolution: what to do, with the exact command where there is one. Where it
    stays empty, the message gives the advice for this kind of error.
    """

    exit_code = 1
    advice = ""

    def __init__(self, brief: str, *, details: str = "", resolution: str = "") -> None:
        super().__init__(brief)
        self.brief = brief
        self.details = details
        self.resolution = resolution

    def __str__(self) -> str:
        parts = [self.brief]
        if self.details:
            parts.append(f"  why: {self.details}")
        if to_do := self.resolution or self.advice:
            parts.append(f"  what to do: {to_do}")
        return "\n".join(parts)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: the words are for who reads a notebook."""
        return f"error: {self}".splitlines()


class UsageError(LabError):
    """What was asked for makes no sense: an unknown name, a number out of range."""

    exit_code = 2
    advice = "labkit --help tells what can be chosen"


class CommandError(LabError):
    """A program is missing, failed, or took too long."""

    advice = "that command must work when it is typed: mend or install anew its program"


class BackendError(LabError):
    """A backend cannot run here, or an instance did not do what it should."""

    advice = "measure once more; if it fails again, labkit doctor tells whether the backend is well"


class NoRoom(BackendError):
    """What failed, failed for want of room on a disk."""


class GuestTimeout(BackendError):
    """An instance did not answer within its time limit."""

    advice = (
        "measure once more when the computer is less busy; --ready-timeout SECONDS waits longer "
        "for a start, labkit doctor tells whether the backend is well"
    )


class ConnectionEnded(BackendError):
    """The stream that the agent speaks over came to its end."""


class ProtocolError(BackendError):
    """The agent sent something that the protocol does not know."""


class ImageError(LabError):
    """The lab image could not be built or does not check out."""

    advice = "build it anew: labkit image build --refresh"


class StoreError(LabError):
    """A run folder cannot be written or read."""
