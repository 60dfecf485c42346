"""What a neighbour is said to have done while its victim worked."""

from __future__ import annotations

from typing import cast

import pytest

from labkit.backends.instance import Instance
from labkit.errors import BackendError
from labkit.experiments.neighbours.noise import Done, Noise
from tests.unit.fakes import FakeClock


def noise(*done: Done) -> Noise:
    made = Noise(cast(Instance, None), "cpu", FakeClock())
    made._done.extend(done)
    return made


def test_only_what_ended_after_the_victims_first_request_counts() -> None:
    tally = noise(Done(1.0, 100.0, True), Done(3.0, 8.0), Done(5.0, 4.0, True)).since(2.0)
    assert (tally.mib, tally.refused, tally.seconds) == (12.0, 1, 3.0)


def test_one_that_did_nothing_meanwhile_is_no_neighbour() -> None:
    with pytest.raises(BackendError):
        noise(Done(1.0, 100.0)).since(2.0)
