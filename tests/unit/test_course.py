"""The judges: what is right comes from the recorded run; a wrong answer gets a reason that does
not give the right one away."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from labkit.course import EXERCISES
from labkit.course.exercise import recorded
from labkit.experiments.benchmark import stats
from tests.unit.students import students, told


@pytest.mark.parametrize(
    ("name", "answer", "reason"),
    [
        ("00-alike", "qemu", "does not hold 1"),
        ("00-alike", "host", "not the bare process's own"),
        ("00-instead", 1, "too little"),
        ("00-instead", 1e6, "too much"),
        ("01-kernels", ["docker", "qemu"], "answered by the host's kernel"),
        ("01-kernels", "qemu", "there are more"),
        ("01-kernels", "qemu, xen", "nothing was recorded of xen"),
        ("01-shared", 1000, "too much"),
        ("01-filter", "mount something", "without the filter, too"),
        ("01-filter", "kernel", "no attempt that the filter refuses"),
        ("01-filter", "reboot", "the name of its row"),
        ("02-phase", "boot", "two milestones"),
        ("02-phase", "requested -> created", "another one is longer"),
        ("02-pairs", 0.001, "too little"),
        ("02-pairs", 1e6, "too much"),
        ("02-comparable", 1000, "too much"),
        ("03-order", ["pss"], "each of them once"),
        ("03-order", ["RSS", "PSS", "USS"], "not in its place"),
        ("03-helper", 1e-6, "too little"),
        ("03-density", 0, "too little"),
        ("04-mildest", "idle", "counts nothing"),
        ("04-mildest", "chess", "one of the workloads"),
        ("04-day", -1, "too little"),
        ("04-clock", 1e9, "too much"),
        ("06-worst", "chess", "one of the kinds"),
        ("06-both", 1e6, "too much"),
        ("06-refused", -1, "too little"),
        ("07-engine", lambda containers: 3 * containers, "once, for all"),
        ("07-engine", lambda containers: 2 + 2 * containers, "no part of the engine"),
        ("07-engine", 1, "too little"),
        ("07-largest", "podman", "one of the backends"),
        ("07-largest", "host", "adds more"),
        ("07-bridge", 1e6, "too much"),
        ("08-lines", 1e6, "too much"),
        ("08-burden", 0.0, "too little"),
        ("08-waiting", 1000, "too much"),
        ("09-head", lambda block_kib: block_kib / 1024, "make a unit"),
        ("09-head", 4, "too little"),
        ("09-shown", "mars", "one of the backends"),
        ("13-blocks", 1e9, "too much"),
        ("13-clock", 0.0, "too little"),
    ],
)
def test_a_wrong_answer_has_its_reason(name: str, answer: Any, reason: str) -> None:
    assert all(reason in words for words in told(name, answer))


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_no_number_is_no_answer(name: str) -> None:
    words = ("00-alike", "01-kernels", "01-filter", "02-phase", "03-order", "04-mildest")
    if name in (*words, "06-worst", "07-largest", "09-shown", "10-dockerd", "11-quickest"):
        # The judge has a reason of its own.
        assert all(said and "no answer of the kind" not in said for said in told(name, "nonsense"))
    else:
        assert all("no number that a measurement" in said for said in told(name, float("nan")))
        # Not any error, such as that of a judge without its number: that of the answer.
        assert all("could not convert string" in said for said in told(name, "nonsense"))


def test_density_is_counted_with_many_containers_and_the_services_once() -> None:
    run, crowd = recorded(), recorded("density")
    table = stats.memory(run.samples, run.trials)
    pss = table[(table["backend"] == "docker") & (table["metric"] == "pss")]
    sizes = pss.set_index("role")["median_bytes"]
    many = stats.instances(crowd.instances, crowd.trials).query(
        "backend == 'docker' and metric == 'pss' and role == 'all'"
    )
    total = many.set_index("running")["total_bytes"]
    each, later = total[50] / 50, (total[50] - total[10]) / 40
    for seed, gib in students("03-density"):
        judge, room = partial(EXERCISES["03-density"].reason, seed=seed), gib * 2**30
        for right in (each, later):
            assert judge((room - sizes["services"]) // right) == ""
        assert "once for all" in judge(room // each)
        assert "not once for each" in judge(room // (each + sizes["services"]))
        for lone in ("each", "instance"):
            assert "lone" in judge((room - sizes["services"]) // sizes[lone])


def test_one_median_by_the_other_is_not_the_paired_ratio() -> None:
    seconds = stats.startup(recorded().trials).set_index("backend")["median_s"]
    (said,) = told("02-pairs", seconds["qemu"] / seconds["docker"])
    # Right as well, where both happen to be the same but for rounding.
    assert said == "" or "one median divided by the other" in said


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_each_has_two_hints_without_a_number_from_the_run(name: str) -> None:
    hints = EXERCISES[name].hints
    assert len(hints) == 2
    assert all(len(hint) > 20 for hint in hints)
