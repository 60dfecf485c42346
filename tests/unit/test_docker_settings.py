"""What the Docker daemon is asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labkit.backends.docker.backend import DockerBackend
from labkit.backends.docker.containers import container_settings
from labkit.image.lab_image import image_in
from labkit.recordings.facts import Limits


@pytest.mark.parametrize("cpus", [1, 2])
def test_a_container_has_as_many_cpus_as_its_limit(tmp_path: Path, cpus: int) -> None:
    if len(os.sched_getaffinity(0)) < cpus:
        pytest.skip(f"this computer has fewer than {cpus} CPUs")
    names = ("digest", "container_id", "container_tag", "command_line", "kernel_version")
    image = image_in(tmp_path, dict.fromkeys(names, "x"))
    limits = Limits(cpus=cpus, memory_mib=128)
    settings = container_settings(image, limits, "name", DockerBackend().chosen)
    assert len(set(settings["cpuset_cpus"].split(","))) == cpus
    assert settings["mem_limit"] == 128 * 2**20
    assert settings["read_only"] and settings["cap_drop"] == ["ALL"]
    asked = container_settings(
        image, limits, "name", {**DockerBackend().chosen, "security": "default"}
    )
    assert "read_only" not in asked and "cap_drop" not in asked and not asked["security_opt"]
