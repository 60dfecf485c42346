"""environment.yml says the same as pyproject.toml. Whether conda can solve it is not tried here."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CONDA_NAMES = {"docker-py": "docker", "python-kubernetes": "kubernetes"}
ONLY_CONDA = {"pip", "--editable ."}


def test_conda_users_get_the_same_packages_with_the_same_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {
        f"python{project['project']['requires-python']}",
        *project["project"]["dependencies"],
        *itertools.chain(*project["project"]["optional-dependencies"].values()),
        *project["dependency-groups"]["dev"],
    }
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    from_pip = next(entry["pip"] for entry in conda if isinstance(entry, dict))
    listed = [entry for entry in conda if isinstance(entry, str)] + from_pip
    assert {_pypi_name(entry) for entry in listed if entry not in ONLY_CONDA} == wanted
    assert len(listed) == len(set(listed))


def _pypi_name(entry: str) -> str:
    name, bound, version = entry.partition(">=")
    return CONDA_NAMES.get(name, name) + bound + version
