"""Reading in columns: the same values as row by row, and nothing that is not plain."""

from __future__ import annotations

import pytest

from labkit.measure.records import Milestone, Sample
from labkit.recordings import columns, tables
from labkit.recordings.columns import read
from labkit.system.paths import reference_dir

HEAD = tables.head(Milestone).encode()
PLAIN = b"1,host,requested,0.0\n2,host,ready,0.0035\n"


@pytest.fixture(autouse=True)
def _short_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MANY", 0)


@pytest.mark.parametrize("name", ["first-comparison", "web"])
def test_values_and_types_are_those_of_the_other_reading(name: str) -> None:
    content = (reference_dir() / name / "samples.csv").read_bytes()
    found = read(content, Sample)
    assert found is not None
    records = tables.parse(content, Sample)
    assert found.equals(tables.frame(records, Sample))
    assert tables.records(found, Sample) == records


def test_plain_text_is_taken() -> None:
    found = read(HEAD + PLAIN, Milestone)
    assert found is not None and found["at_s"].tolist() == [0.0, 0.0035]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        HEAD + PLAIN[:-1],
        HEAD + PLAIN + b"\n",
        HEAD + PLAIN.replace(b",0.0\n", b"\n"),
        HEAD + b"1,host,requested\n2,host,ready,0.5,1\n",
        HEAD + b"1,host,ready,0.5,1\n2,host,requested\n",
        HEAD + b"1,host,ready,0.5,1\n" + PLAIN + b"2,host,requested\n",
        HEAD + PLAIN.replace(b"0.0035", b"nan"),
        HEAD + PLAIN.replace(b"0.0035", b"inf"),
        HEAD + PLAIN.replace(b"0.0035", b"1e999"),
        HEAD + PLAIN.replace(b"0.0035", b"0.003x"),
        HEAD + PLAIN.replace(b"0.0035", b""),
        HEAD + PLAIN.replace(b"0.0035", b"99999999999.123456"),
        HEAD + PLAIN.replace(b"2,", b","),
        HEAD + PLAIN.replace(b"2,", b"2.5,"),
        HEAD + PLAIN.replace(b"2,", b"2" * 30 + b","),
        HEAD + PLAIN.replace(b"ready", b'"ready"'),
        HEAD + PLAIN.replace(b"ready", b"\xff"),
        HEAD + PLAIN.replace(b"ready", b"\x00"),
        HEAD.replace(b"at_s", b"at_ms") + PLAIN,
    ],
)
def test_what_is_not_plain_is_left_to_the_other_reading(content: bytes) -> None:
    assert read(content, Milestone) is None
