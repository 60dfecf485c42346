"""Bounds, texts, and the last selftest in the state folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.errors import StoreError
from labkit.experiments.benchmark import report
from labkit.experiments.selftest import text
from labkit.experiments.selftest.verdict import violations
from labkit.measure import last_selftest
from labkit.recordings.selftest import Estimate, Selftest, footer_lines
from tests.unit.charts.made_up import make_run
from tests.unit.selftests import a_a, cost, floor, near, overhead, resampling, selftest

WELL: dict[str, Any] = {
    "floor": (floor(),),
    "overhead": (overhead(),),
    "a_a": (a_a(),),
    "sampler": (cost(),),
}
BROKEN: list[tuple[dict[str, Any], str]] = [
    (
        {"floor": (floor(spawn_to_line_s=near(0.2)),)},
        "a process that only says a line takes 190 ms",
    ),
    (
        {"overhead": (overhead(sampler_adds_s=near(0.1)),)},
        "the startup of docker longer by 95.0 ms",
    ),
    (
        {"a_a": (a_a(false_alarms=(resampling(5, 12), resampling(40, 12))),)},
        "excludes 1 in 12 of 100 resamples of 40 blocks",
    ),
    ({"a_a": (a_a(sign_test_p=0.0001, ratio=near(1.3)),)}, "differs from itself"),
    ({"sampler": (cost(cpu_share=near(0.2)),)}, "sampling docker takes 19.0% of a CPU"),
    ({"sampler": (cost(throughput_ratio=near(0.8)),)}, "at most 0.84× of its work"),
]


def test_nothing_is_broken_where_all_is_well() -> None:
    assert violations(**WELL) == ()


@pytest.mark.parametrize(("parts", "says"), BROKEN)
def test_each_bound_can_be_broken(parts: dict[str, Any], says: str) -> None:
    (sentence,) = violations(**{**WELL, **parts})
    assert says in sentence


def test_what_is_not_known_breaks_no_bound() -> None:
    one = Estimate(n=1, median=9.0)
    parts = {
        "floor": (floor(spawn_to_line_s=one),),
        "overhead": (overhead(sampler_adds_s=one),),
        "sampler": (cost(cpu_share=one, throughput_ratio=one),),
    }
    assert violations(**{**WELL, **parts}) == ()


@pytest.mark.parametrize("broken", [(), ("something is far out of what it should be " * 5,)])
def test_the_text_is_narrow_and_ends_with_the_verdict(broken: tuple[str, ...]) -> None:
    said = text.report_text(selftest(violations=broken))
    assert max(map(len, said.splitlines())) <= 100
    for words in ("spawn to parsed line", "4.00 ms", "sampling adds", "5 (0 to 11)", "n = 40"):
        assert words in said
    assert "at n = 5 in 12 %, at n = 40 in 5 %; nominal is 5 %" in " ".join(said.split())
    assert ("out of bounds" in said) == bool(broken)


def test_a_selftest_without_an_a_a_test_has_a_text() -> None:
    said = text.report_text(selftest(a_a=()))
    assert "A/A" not in said and "verdict" in said


def test_the_foot_of_a_report() -> None:
    run = make_run(("host", "docker"), n=3)
    assert "no selftest on this computer yet: labkit selftest" in report.html(run, badge="")
    manifest = run.manifest.model_copy(update={"selftest": selftest()})
    lines = footer_lines(manifest.selftest)
    assert len(lines) == 2
    assert "2026-01-02 03:04 UTC" in lines[0] and "docker 2.00 ms [1.90 – 2.10]" in lines[0]
    assert "docker startup 1.00×" in lines[1] and "5 of 100 at n = 40" in lines[1]
    assert "out of bounds: too slow" in footer_lines(selftest(violations=("too slow",)))[1]
    run.manifest = manifest
    page = report.html(run, badge="")
    assert lines[0] in page and "no selftest" not in page


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Selftest:
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path / "state"))
    found = selftest()
    last_selftest.save(found)
    return found


def test_the_last_one_is_found_again(kept: Selftest) -> None:
    messages: list[str] = []
    assert last_selftest.latest(kept.host, messages.append) == kept
    newer = selftest(seed=2)
    last_selftest.save(newer)
    assert last_selftest.latest(kept.host, messages.append) == newer
    assert messages == []
    assert [entry.name for entry in last_selftest.file().parent.iterdir()] == ["selftest.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00", b"[]", b'{"seed": 1}'])
def test_one_that_is_damaged_is_passed_over_with_a_word(kept: Selftest, content: bytes) -> None:
    last_selftest.file().write_bytes(content)
    messages: list[str] = []
    assert last_selftest.latest(kept.host, messages.append) is None
    assert len(messages) == 1 and "cannot be read" in messages[0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"host": {"kernel": "0.0"}}, "another kernel"),
        ({"host": {"cpu_model": "Z80"}}, "another CPU model"),
        ({"labkit_version": "0"}, "another version of the lab"),
    ],
)
def test_one_of_another_computer_is_passed_over_with_a_word(
    kept: Selftest, change: dict[str, Any], says: str
) -> None:
    facts = kept.host.model_copy(update=change.get("host", {}))
    last_selftest.save(kept.model_copy(update={**change, "host": facts}))
    messages: list[str] = []
    assert last_selftest.latest(kept.host, messages.append) is None
    assert len(messages) == 1 and says in messages[0]


def test_a_run_without_any_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path))
    messages: list[str] = []
    assert last_selftest.latest(selftest().host, messages.append) is None
    last_selftest.file().mkdir()
    assert last_selftest.latest(selftest().host, messages.append) is None
    assert len(messages) == 1


def test_a_state_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path / "file"))
    with pytest.raises(StoreError, match="could not be kept"):
        last_selftest.save(selftest())
