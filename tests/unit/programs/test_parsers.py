from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.errors import LabError, UsageError
from labkit.guest.programs import ASKED, PROGRAMS, console, metrics_of, version_of
from labkit.guest.programs.metric import UNITS
from labkit.guest.workload import all_workloads
from labkit.measure.clients import CLIENTS
from tests.unit.programs import samples


def figures(program: str, report: str) -> dict[str, tuple[str, Any]]:
    return {name: (unit, value) for name, unit, value in metrics_of(program, report)}


def test_sysbench() -> None:
    assert figures("sysbench", samples.SYSBENCH) == {
        "events": ("1/s", 3907.57),
        "mean": ("us", 260.0),
        "p95": ("us", 260.0),
    }


def test_sysbench_tells_no_latency_that_its_decimals_cannot_show() -> None:
    found = figures("sysbench", samples.SYSBENCH_MEMORY)
    assert found == {"events": ("1/s", 6182842.97), "bandwidth": ("B/s", 6037.93 * 2**20)}


def test_sysbench_without_a_rate_is_events_by_time() -> None:
    found = figures("sysbench", samples.SYSBENCH_MUTEX)
    assert found["events"] == ("1/s", pytest.approx(1 / 0.1931))


def test_fio() -> None:
    assert figures("fio", samples.FIO) == {
        "iops": ("1/s", 14500.4995),
        "bandwidth": ("B/s", 59394045.0),
        "mean": ("us", pytest.approx(68.443, abs=1e-3)),
        "p50": ("us", 40.704),
        "p95": ("us", 89.6),
        "p99": ("us", 864.256),
    }


def test_fio_tells_no_latency_below_its_clocks_steps() -> None:
    found = figures("fio", samples.FIO.replace(": 40704", ": 0").replace(": 89600", ": 0"))
    assert found.keys() == {"iops", "bandwidth", "mean", "p99"}


def test_a_job_of_fio_that_failed_is_no_figure() -> None:
    with pytest.raises(LabError, match="error 5"):
        metrics_of("fio", samples.FIO.replace('"error" : 0', '"error" : 5'))


def test_redis() -> None:
    found = figures("redis", samples.REDIS)
    assert next(iter(found)) == "set" and found["set"] == ("1/s", 48780.49)
    assert found["get_p99"] == ("us", pytest.approx(215.0))
    assert "set_p50" not in figures("redis", samples.REDIS.replace('"0.087"', '"0.000"'))


def test_ab_takes_its_latencies_from_its_file() -> None:
    assert figures("ab", samples.AB) == {
        "requests": ("1/s", 8968.80),
        "p50": ("us", pytest.approx(386.0)),
        "p95": ("us", pytest.approx(1204.0)),
        "p99": ("us", pytest.approx(2004.0)),
        "failed": ("count", 5.0),
    }


@pytest.mark.parametrize(
    ("requests", "told"),
    [
        (1, []),
        (19, ["p50"]),
        (45, ["p50", "p95"]),
        (99, ["p50", "p95"]),
        (100, ["p50", "p95", "p99"]),
    ],
)
def test_ab_tells_no_percentile_of_fewer_requests_than_it_parts(
    requests: int, told: list[str]
) -> None:
    found = figures("ab", samples.AB.replace(" 8970", f" {requests}"))
    assert [name for name in found if name.startswith("p")] == told


def test_iperf3_tells_what_has_arrived_by_the_clients_clock() -> None:
    found = figures("iperf3", samples.IPERF3)
    assert found["bandwidth"] == ("B/s", 2080505856 / 1.0001)
    back = figures("iperf3", samples.IPERF3.replace('"reverse": 0', '"reverse": 1'))
    assert back["bandwidth"] == ("B/s", 2080505856 / 2.5)
    assert (found["round_trip"], found["retransmits"]) == (("us", 93.0), ("count", 2.0))


def test_an_error_of_iperf3_is_told() -> None:
    with pytest.raises(LabError, match="unable to connect"):
        metrics_of("iperf3", '{"error": "unable to connect to server: Connection refused"}')


def test_systemd_analyze() -> None:
    assert figures("systemd-analyze", samples.SYSTEMD) == {
        "total": ("us", pytest.approx(22_798_000)),
        "kernel": ("us", 5_761_000),
        "userspace": ("us", 17_037_000),
    }
    assert figures("systemd-analyze", samples.SYSTEMD_CONTAINER) == {
        "total": ("us", 547_000),
        "userspace": ("us", 547_000),
    }


@pytest.mark.parametrize(
    ("span", "us"),
    [("1min 2.345s", 62_345_000), ("2h 3min 4s", 7_384_000_000), ("897us", 897), ("12ms", 12_000)],
)
def test_systemd_has_spans_of_several_words(span: str, us: float) -> None:
    text = f"Startup finished in 1s (firmware) + 2s (loader) + {span} (kernel) = 9s"
    found = figures("systemd-analyze", text)
    assert found["kernel"] == ("us", pytest.approx(us))
    assert list(found) == ["total", "firmware", "loader", "kernel"]


def test_a_boot_that_has_not_ended_is_no_figure() -> None:
    with pytest.raises(LabError, match="Bootup is not yet finished"):
        metrics_of("systemd-analyze", samples.SYSTEMD_TOO_EARLY)


def test_own_lines() -> None:
    assert figures("lines", samples.LINES)["start"] == ("us", 24390.0)


@pytest.mark.parametrize("bad", ["", "start 5", "start us", "start hours 5", "1x us 5", "a us -1"])
def test_other_lines_are_an_error(bad: str) -> None:
    with pytest.raises(LabError):
        metrics_of("lines", bad)


def test_versions() -> None:
    found = {name: version_of(name, text) for name, text in samples.SAMPLES.items()}
    assert found == {
        "ab": "nginx/1.22.1",
        "console": "Linux version 6.1.0-32-amd64",
        "fio": "fio-3.33",
        "iperf3": "iperf 3.12",
        "lines": "",
        "redis": "",
        "sysbench": "sysbench 1.0.20",
        "systemd-analyze": "systemd 252 (252.39-1~deb12u2)",
    }


def test_each_workload_that_reports_has_a_parser_and_each_client_is_known() -> None:
    reporting = [one for one in all_workloads().values() if one.program]
    assert {one.program for one in reporting} == set(PROGRAMS) - set(ASKED)
    assert {one.client for one in reporting} - {""} == set(CLIENTS)
    assert all(one.packages and not one.unit for one in reporting)


def test_a_program_that_nobody_knows_is_told() -> None:
    with pytest.raises(UsageError, match="sysbench"):
        metrics_of("frobnicate", "")


@pytest.mark.parametrize("program", PROGRAMS)
@given(text=st.text())
def test_any_text_gives_figures_or_a_clear_error(program: str, text: str) -> None:
    _figures_or_error(program, text)


@pytest.mark.parametrize("program", PROGRAMS)
@given(data=st.data())
def test_a_torn_report_gives_figures_or_a_clear_error(program: str, data: st.DataObject) -> None:
    whole = samples.SAMPLES[program]
    begin, end = sorted(data.draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    between = data.draw(
        st.sampled_from(["", "0", "-1", "1e999", "1e307", "nan", "{", '"', "\n", "[]"])
    )
    _figures_or_error(program, whole[:begin] + between + whole[end:])


@pytest.mark.parametrize("program", ["fio", "iperf3"])
@given(
    text=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["jobs", "read", "iops", "end", "sum_received", "error"]), inner
            )
        ),
    ).map(json.dumps)
)
def test_any_json_gives_figures_or_a_clear_error(program: str, text: str) -> None:
    _figures_or_error(program, text)


def _figures_or_error(program: str, text: str) -> None:
    try:
        found = metrics_of(program, text)
    except LabError as error:
        assert error.brief
        return
    assert bool(found) == (program != console.NAME)  # which tells names only
    assert all(unit in UNITS and 0 <= value < float("inf") for _, unit, value in found)
    assert len({metric.name for metric in found}) == len(found)
