"""What is told before a run of a lab image that is not there yet."""

from __future__ import annotations

import pytest

from labkit import image
from labkit.experiments import engine
from labkit.experiments.base import Needs
from labkit.experiments.options import Options
from labkit.image import distribution


@pytest.mark.parametrize(
    ("times", "told"), [([], "network"), ([2.1, 6.4], "2 to 6 s"), ([3.0], "took 3 s")]
)
def test_the_build_of_an_image_is_in_no_estimate_and_so_it_is_told(
    monkeypatch: pytest.MonkeyPatch, times: list[float], told: str
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(image, "find", lambda *, kernel, packages: asked.append(packages))
    monkeypatch.setattr(image, "build_times", lambda: times)
    line = engine._image_first(Needs(("host",), workloads=("python",), packages=("jq",)), Options())
    assert told in line and asked == [["jq", "python3"]]


def test_of_an_image_that_is_there_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "find", lambda **_: object())
    assert engine._image_first(Needs(("host",)), Options()) == ""


@pytest.mark.parametrize(("found", "told"), [(None, True), (object(), False)])
def test_so_is_the_installation_of_a_distribution(
    monkeypatch: pytest.MonkeyPatch, found: object, told: bool
) -> None:
    monkeypatch.setattr(distribution, "find", lambda: found)
    line = engine._distribution_first(Needs(("docker:distribution=plain",)))
    assert ("1.3 GB" in line) is told
    assert engine._distribution_first(Needs(("host", "docker"))) == ""
