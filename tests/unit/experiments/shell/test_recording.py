"""The recorded scripts: those of the notebooks, read only where nothing was changed."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from labkit.errors import StoreError
from labkit.experiments.shell.experiment import EXPERIMENT
from labkit.experiments.shell.plan import question, together
from labkit.experiments.shell.records import Answer, Question, ShellManifest, ShellPlan
from labkit.experiments.table import load
from labkit.recordings.facts import BackendInfo
from labkit.recordings.reader import read
from labkit.recordings.writer import Writer
from labkit.system import host
from labkit.system.paths import project_dir

PAGE = (project_dir() / "data" / "README.md").read_text(encoding="utf-8")
ASKED = question("true", ["docker"])
ANSWER = Answer(script=ASKED.id, backend="docker", engine="native", exit_status=0)


def written(folder: Path, *answers: Answer) -> Path:
    info = BackendInfo(family="container", engine="native", version="1")
    manifest = ShellManifest(
        experiment="shell",
        recording_id="made-up",
        created_at="2026-01-01T00:00:00+00:00",
        labkit_version="0",
        host=host.inspect(),
        image_digest="0" * 64,
        backends={"docker": info, "qemu": info},
        plan=together([ASKED]),
    )
    with closing(Writer.begin(folder, EXPERIMENT, manifest)) as writer:
        writer.append({"answers": answers}, {})
        writer.finish("plan", {})
    return folder


@pytest.mark.parametrize(
    "change",
    [
        {"script": "0" * 16},
        {"backend": "qemu"},
        {"error": "it broke"},
        {"exit_status": None},
    ],
    ids=str,
)
def test_answers_that_do_not_belong_to_the_plan_are_refused(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    """With right digests: somebody has written them so."""
    assert len(read(written(tmp_path / "right", ANSWER), EXPERIMENT).answers) == 1
    wrong = written(tmp_path / "wrong", ANSWER.model_copy(update=change))
    with pytest.raises(StoreError):
        read(wrong, EXPERIMENT)


def test_a_script_that_was_changed_is_refused(tmp_path: Path) -> None:
    manifest = written(tmp_path / "made", ANSWER) / "manifest.json"
    (manifest.parent / "ending.json").unlink()
    (manifest.parent / "journal.jsonl").write_text("")
    manifest.write_text(manifest.read_text().replace("true\\n", "reboot\\n"))
    with pytest.raises(StoreError) as caught:
        read(manifest.parent, EXPERIMENT)
    assert str(manifest) in caught.value.brief


def test_all_that_was_recorded_is_whole() -> None:
    made = load("shell")
    assert made.ending and made.ending.reason == "plan" and made.left_out == {}
    scripts: dict[str, Question] = made.manifest.plan.scripts
    wanted = [(id, name) for id, asked in scripts.items() for name in asked.backends]
    pairs = zip(made.answers["script"], made.answers["backend"], strict=True)
    assert list(pairs) == wanted
    assert made.answers["error"].isna().all() and not made.answers["truncated"].any()


def rows(title: str) -> list[list[str]]:
    text = PAGE.partition(f"# {title}\n")[2].partition("\n#")[0]
    return [row.split(" | ") for row in re.findall(r"^\| (.+) \|$", text, re.MULTILINE)[1:]]


def test_the_dictionary_has_each_field_of_the_plan() -> None:
    assert [row[0].strip("`") for row in rows("The plan of a shell recording")] == [
        *(f"plan.scripts.*.{name}" for name in Question.model_fields),
        *(f"plan.{name}" for name in ShellPlan.model_fields if name != "scripts"),
    ]
