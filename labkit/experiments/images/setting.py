"""What every experiment with images is given."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from labkit.backends.instance import READY_TIMEOUT_S
from labkit.experiments.images.docker import Images
from labkit.image import LabImage


@dataclass(frozen=True)
class Setting:
    """images: Docker, as the experiments ask for it. scratch: a folder for archives, removed in
    the end. trials: how often. machines: those that `cold_load` compares with; left_out: which
    of them could not run → why. say: tells how far it is."""

    images: Images
    lab_image: LabImage
    scratch: Path
    trials: int = 1
    seed: int = 0
    machines: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    ready_timeout: float = READY_TIMEOUT_S
    say: Callable[[str], None] = lambda message: None

    def order(self) -> random.Random:
        """What draws the random order of an experiment's trials."""
        return random.Random(self.seed)  # noqa: S311  no secret
