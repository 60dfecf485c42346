"""Where a fault happens: its folders, its labs, and the bookkeeping of what came of it."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from labkit.experiments import benchmark
from labkit.experiments.table import load_run
from labkit.image import LabImage
from labkit.measure import schedule
from labkit.measure.plan import Plan
from labkit.system.clock import wait_until
from tests.faults.checks import Kept, unadvised
from tests.faults.lab_process import Options
from tests.faults.labs import Ended, Lab
from tests.faults.ledger import Entry
from tests.faults.plan import Fault
from tests.traces import containers, traces

# Tables that only a run of Debian's programs writes, and the quickest one of these.
OF_PROGRAMS = ("metrics", "reports")
PROGRAM = "python"
# A guest with that program in it takes more than the usual minute on a busy computer; less than the
# test waits for a moment (labs.PATIENCE_S).
READY_S = "200"


@dataclass(frozen=True)
class Course:
    """What a lab is told to do: its plan, and the trial that is to be broken."""

    words: list[str]
    plan: Plan
    target: int

    @property
    def trials(self) -> list[int]:
        return [step.trial for step in schedule.schedule(self.plan)]


class Scene:
    """One fault's."""

    def __init__(self, fault: Fault, folder: Path, image: LabImage, entry: Entry) -> None:
        self.fault, self.folder, self.image, self.entry = fault, folder, image, entry
        self.run = folder / "run"
        self.dice = fault.random()
        self._labs: list[Lab] = []

    def course(
        self,
        backend: str,
        repeats: int,
        workloads: str = "cpu",
        seconds: float = 0.1,
        **more: int,
    ) -> Course:
        """The host beside this backend, in an order in which the last of the backend's trials is
        not the first of all: so there is one that has finished before."""
        names = list(dict.fromkeys(["host", backend]))
        for seed in itertools.count(self.dice.randrange(10**6)):
            choices: dict[str, Any] = {"repeats": repeats, "seconds": seconds, "seed": seed, **more}
            plan = benchmark.plan(names, workloads.split(","), warmups=0, **choices)
            target = max(s.trial for s in schedule.schedule(plan) if s.backend == backend)
            if target > 1:
                break
        words = ["run", "--out", str(self.run), "--backends", ",".join(names), "--warmups", "0"]
        words += ["--workloads", workloads, "--ready-timeout", READY_S]
        words += [word for name, value in choices.items() for word in (f"--{name}", str(value))]
        return Course(words, plan, target)

    def begin(self, words: Sequence[str], **options: Any) -> Lab:
        lab = Lab(list(words), self.folder, Options(**options))
        self._labs.append(lab)
        return lab

    def perform(self, *words: str, **options: Any) -> Ended:
        """A lab that nobody disturbs."""
        lab = self.begin(words, **options)
        lab.let_go()
        return self.note(lab.finish())

    def note(self, ended: Ended) -> Ended:
        """Books what a lab has told; one that was killed could not tell anything."""
        if ended.status != -signal.SIGKILL:
            told, poor = unadvised(ended.status, ended.err)
            self.entry.told += told
            self.entry.unadvised += poor
        return ended

    def expect_no_orphans(self, pid: int) -> None:
        """The daemon and the kernel take a moment to be done with what was removed."""
        if not wait_until(lambda: not traces(pid), timeout=5):
            self.entry.orphans += traces(pid)

    def expect_kept(self, kept: Kept) -> None:
        self.entry.lost += kept.lost_in(self.run)

    def expect_failed_trials_explained(self) -> None:
        """What is written down about a failure says as much as what was shown."""
        for error in load_run(self.run).trials["error"].dropna():
            self.entry.unadvised += unadvised(1, f"error: {error}")[1]

    def volumes_of(self, pid: int) -> list[str]:
        """The volumes of a lab's containers, which go with them."""
        if not (names := containers(pid)):
            return []
        client = docker.from_env()
        try:
            mounts = [m for name in names for m in client.containers.get(name).attrs["Mounts"]]
        except docker.errors.NotFound:
            return []
        finally:
            client.close()
        return [mount["Name"] for mount in mounts if mount["Type"] == "volume"]

    def expect_no_volumes(self, names: list[str]) -> None:
        client = docker.from_env()
        try:
            found = {volume.name for volume in client.volumes.list()} if names else set()
        finally:
            client.close()
        self.entry.orphans += [f"volume {name}" for name in names if name in found]

    def close(self) -> None:
        for lab in self._labs:
            lab.close()
