"""The experiment: a victim that serves, alone and beside neighbours that take what it needs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from tqdm.auto import tqdm

from labkit import host, image, orphans
from labkit.backends import Backend, Instance, make_backend
from labkit.errors import BackendError, LabError
from labkit.image import LabImage
from labkit.lab import made_ready, new_id
from labkit.neighbours import placement, plan
from labkit.neighbours.noise import Noise, noise
from labkit.neighbours.placement import Cpus
from labkit.neighbours.plan import Group, Neighbours
from labkit.neighbours.records import Condition, Experiment, Kind, NeighbourTrial
from labkit.neighbours.victim import Served, Victim, prepare, serving
from labkit.process import Clock, HostClock
from labkit.records import Limits
from labkit.timeline import Timeline
from labkit.workloads import digests

OnTrial = Callable[[NeighbourTrial], None]
READY_S = 240.0


@dataclass(frozen=True)
class Images:
    """The lab image, and the one whose guests have a network: the victim's."""

    plain: LabImage
    networked: LabImage


def measure(
    chosen: Neighbours,
    on_manifest: Callable[[Experiment], None] = lambda manifest: None,
    on_trial: OnTrial = lambda trial: None,
    *,
    progress: bool = True,
) -> tuple[Experiment, list[NeighbourTrial]]:
    """Makes all trials of a plan. One that goes wrong has its reason and no figures; all that was
    started is ended, whatever happens."""
    if progress:
        print(plan.describe(chosen), file=sys.stderr)
    backends = {name: make_backend(name) for name in chosen.backends}
    cpus = placement.choose()
    built = _made_ready(backends, progress)
    manifest = _manifest(chosen, backends, built.plain, cpus)
    on_manifest(manifest)
    trials: list[NeighbourTrial] = []

    def note(trial: NeighbourTrial) -> None:
        trials.append(trial)
        on_trial(trial)

    try:
        perform(chosen, backends, built, cpus, note, progress=progress)
    finally:
        orphans.sweep(backends.values(), mine=True)
    return manifest, trials


def perform(
    chosen: Neighbours,
    backends: Mapping[str, Backend],
    built: Images,
    cpus: Cpus,
    note: OnTrial,
    *,
    clock: Clock | None = None,
    progress: bool = False,
) -> None:
    """The trials themselves, block by block. A backend whose victim fails takes no further part."""
    runner = _Runner(chosen, backends, built, cpus, note, clock or HostClock())
    runner.leave_out()
    groups = plan.schedule(chosen)
    with tqdm(groups, unit="victim", disable=not progress) as bar:
        for group in bar:
            bar.set_description(f"block {group.block}: {group.backend}, {group.kind}")
            runner.perform(group)


class _Runner:
    def __init__(
        self,
        chosen: Neighbours,
        backends: Mapping[str, Backend],
        built: Images,
        cpus: Cpus,
        note: OnTrial,
        clock: Clock,
    ) -> None:
        self._plan = chosen
        self._backends = backends
        self._built = built
        self._cpus = cpus
        self._note = note
        self._clock = clock
        self._trials = 0
        self._broken: set[str] = set()
        self._engines = {name: b.engine(built.plain) for name, b in backends.items()}
        self._empty = {
            name: plan.left_out(backend, chosen.kinds, cpus) for name, backend in backends.items()
        }

    def leave_out(self) -> None:
        """A row with the reason for each cell that has to stay empty."""
        for name, cells in self._empty.items():
            for (kind, condition), reason in cells.items():
                cell = {"block": 0, "kind": kind, "condition": condition, "backend": name}
                self._add(cell, {"status": "left out", "error": reason})

    def perform(self, group: Group) -> None:
        """One victim, under each of its conditions."""
        empty = self._empty[group.backend]
        wanted = [c for c in group.conditions if (group.kind, c) not in empty]
        if not wanted or group.backend in self._broken:
            return
        open_, backend = list(wanted), self._backends[group.backend]

        def visit(victim: Victim) -> None:
            for condition in wanted:
                self._condition(group, condition, victim)
                open_.remove(condition)

        try:
            with self._instance(backend, plan.VICTIM, self._cpus.victim) as instance:
                serving(instance, group.kind, self._clock, visit)
                instance.stop()
        except LabError as error:
            self._broken.add(group.backend)
            for condition in open_:
                self._failed(group, condition, {}, error)

    def _condition(self, group: Group, condition: Condition, victim: Victim) -> None:
        facts: dict[str, Any] = {"amount": victim.amount, "load_1m": host.load()}
        requests = plan.requests_of(self._backends[group.backend], self._plan)
        try:
            if condition == "alone":
                served = victim.serve(requests)
            else:
                served, more = self._beside(group, condition, victim, requests, facts)
                facts |= more
            if not served.latencies:
                raise BackendError("none of the victim's requests was answered")
        except LabError as error:
            self._failed(group, condition, facts, error)
            return
        self._add(_cell(group, condition), {**facts, **served.figures(), "status": "ok"})

    def _beside(
        self,
        group: Group,
        condition: Condition,
        victim: Victim,
        requests: int,
        facts: dict[str, Any],
    ) -> tuple[Served, dict[str, Any]]:
        """The victim's requests while a neighbour works, and what that did meanwhile."""
        limits = plan.limits_of(group.kind, condition)
        cpu = plan.cpu_of(group.kind, condition, self._cpus)
        facts |= {
            "neighbour_cpu": cpu,
            "neighbour_memory_mib": limits.memory_mib,
            "neighbour_disk_mib_per_s": limits.disk_write_mib_per_s,
        }
        with self._instance(self._backends[group.backend], limits, cpu) as neighbour:
            prepare(neighbour, group.kind)
            with noise(neighbour, group.kind, self._clock) as working:
                served = victim.serve(requests)
            done = _tally(working, served, group.kind, condition)
            neighbour.stop()
        return served, done

    @contextmanager
    def _instance(self, backend: Backend, limits: Limits, cpu: int) -> Iterator[Instance]:
        """A ready instance on this CPU."""
        built = self._built.networked if limits.network else self._built.plain
        timeline = Timeline(self._clock)
        timeline.mark("requested")
        with ExitStack() as running:
            with host.on_cpus({cpu}):
                instance = running.enter_context(backend.launch(built, limits, timeline))
            instance.wait_ready(READY_S)
            placement.require_on(instance, cpu)
            yield instance

    def _failed(
        self, group: Group, condition: Condition, facts: Mapping[str, Any], error: LabError
    ) -> None:
        self._add(_cell(group, condition), {**facts, "status": "failed", "error": str(error)})

    def _add(self, cell: Mapping[str, Any], figures: Mapping[str, Any]) -> None:
        self._trials += 1
        name = str(cell["backend"])
        row = {
            "trial": self._trials,
            **cell,
            "family": self._backends[name].family,
            "engine": self._engines[name],
            "victim_cpu": self._cpus.victim if figures["status"] != "left out" else None,
            **figures,
        }
        self._note(NeighbourTrial.model_validate(row))


def _cell(group: Group, condition: Condition) -> dict[str, Any]:
    return {
        "block": group.block,
        "backend": group.backend,
        "kind": group.kind,
        "condition": condition,
    }


def _tally(working: Noise, served: Served, kind: Kind, condition: Condition) -> dict[str, Any]:
    """What the neighbour did from the victim's first request on. One without limits that got
    nothing done is no neighbour."""
    done = working.since(served.begin)
    if condition == "unlimited" and not done.mib:
        raise BackendError(
            "the neighbour could not work", details=f"it was refused {done.refused} times ({kind})"
        )
    return {
        "neighbour_mib": done.mib,
        "neighbour_refused": done.refused,
        "neighbour_seconds": done.seconds,
    }


def _made_ready(backends: Mapping[str, Backend], progress: bool) -> Images:
    networked = made_ready(backends, network=True, progress=progress)
    return Images(image.build(progress=False), networked)


def _manifest(
    chosen: Neighbours, backends: Mapping[str, Backend], built: LabImage, cpus: Cpus
) -> Experiment:
    now = datetime.now(UTC)
    return Experiment(
        experiment_id=new_id(now),
        created_at=now.isoformat(timespec="seconds"),
        labkit_version=version("labkit"),
        host=host.inspect(),
        image_digest=built.digest,
        seed=chosen.seed,
        blocks=chosen.blocks,
        requests=chosen.requests,
        kinds=chosen.kinds,
        backends={name: backend.info(built) for name, backend in backends.items()},
        workload_digests=digests(["http", *chosen.kinds]),
        cpus_share_core=placement.share_core(cpus),
    )
