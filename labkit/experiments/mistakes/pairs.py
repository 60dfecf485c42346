"""What is divided by what: as it was published, and put right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# Where a figure is taken, and the way in which: the same quantity, got at differently.
Side = Literal["container", "machine"]
Way = tuple[Side, str]
Arm = Literal["as published", "put right"]


@dataclass(frozen=True)
class Mistake:
    """Two quotients of one quantity: the container's figure over the machine's."""

    quantity: str
    unit: str
    published: tuple[Way, Way]
    right: tuple[Way, Way]

    @property
    def arms(self) -> Mapping[Arm, tuple[Way, Way]]:
        return {"as published": self.published, "put right": self.right}

    def ways(self, side: Side) -> tuple[str, ...]:
        """Those that are measured on this side, each once."""
        used = (*self.published, *self.right)
        return tuple(dict.fromkeys(way for where, way in used if where == side))


# In the order of chapter 13.
MISTAKES: Mapping[str, Mistake] = {
    "blocks": Mistake(
        "Bytes that fio reads a second",
        "B/s",
        (("container", "4 KiB blocks"), ("machine", "1 MiB blocks")),
        (("container", "4 KiB blocks"), ("machine", "4 KiB blocks")),
    ),
    "versions": Mistake(
        "Calls that Lua makes a second",
        "1/s",
        (("container", "Lua 5.4"), ("machine", "Lua 5.1")),
        (("container", "Lua 5.4"), ("machine", "Lua 5.4")),
    ),
    "late": Mistake(
        "Part of a CPU that it takes",
        "CPU",
        (("container", "after the work"), ("machine", "after the work")),
        (("container", "during the work"), ("machine", "during the work")),
    ),
    "kernel": Mistake(
        "Time until it is ready",
        "s",
        (("container", "from the request"), ("machine", "by its kernel's clock")),
        (("container", "from the request"), ("machine", "from the request")),
    ),
    "nested": Mistake(
        "Bytes that are hashed a second",
        "B/s",
        (("machine", "in a container in the machine"), ("machine", "in the machine")),
        (("container", "in a container"), ("machine", "in the machine")),
    ),
}


def side_of(family: str) -> Side:
    """On which side of the quotient the figures of such a backend stand."""
    return "container" if family == "container" else "machine"
