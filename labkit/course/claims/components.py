"""1-5: the components of Docker."""

from __future__ import annotations

from typing import Any

from labkit import units
from labkit.course.claims.finding import Finding, found
from labkit.course.exercise import recorded
from labkit.experiments.benchmark import stats as benchmark


def terminal() -> Finding:
    tree = _tree()
    return found(
        bool(tree.at["docker", "pid"] == tree.at["container", "parent"]),
        f"it is a program in the terminal, with {_mib('docker')} of its own. The container is not "
        "its child: it only asks",
    )


def commands() -> Finding:
    return found(_asks("docker", "dockerd"), "`docker` asks `dockerd` over docker.sock")


def daemon() -> Finding:
    tree = _tree()
    return found(
        bool(tree.at["dockerd", "parent"] != tree.at["docker", "pid"]),
        f"`dockerd` is there before and after the command, with {_mib('dockerd')}",
    )


def manages() -> Finding:
    events = _events_of("dockerd")
    return found("container create" in events, f"dockerd reports: {', '.join(events)}")


def runtime() -> Finding:
    events = _events_of("containerd")
    return found("tasks create" in events, f"containerd reports: {', '.join(events)}")


def whole_life() -> Finding:
    """Network and storage: whose events are they?"""
    events = recorded("docker-internals").events
    by = events.drop_duplicates("event").set_index("event")["source"]
    theirs = by[["network connect", "volume mount"]]
    return found(
        set(theirs) == {"containerd"},
        "in this Docker it runs containers, but their networks and volumes are dockerd's: "
        f"{', '.join(theirs.index)} are reported by {theirs.iloc[0]}",
    )


def low_level() -> Finding:
    run = recorded("engine-parts")
    steps = benchmark.engine_parts(run.trials, run.samples)
    runc: Any = steps[(steps["quantity"] == "startup_s") & (steps["backend"] == "runc")].iloc[0]
    return found(
        bool(runc["low"] > 0),
        f"runc adds {units.text(runc['median'], units.time)} to a start: control group, fewer "
        "privileges",
    )


def only_runs() -> Finding:
    names = set(recorded("docker-internals").tree["name"])
    return found("runc" not in names, "while the container runs, no process of runc is there")


def between() -> Finding:
    tree = _tree()
    child = tree.at["container", "parent"] == tree.at["containerd-shim", "pid"]
    return found(
        bool(child) and _asks("containerd", "containerd-shim"),
        "containerd asks the shim, and the container is the shim's child",
    )


def coordinates() -> Finding:
    tree: Any = recorded("killed-daemon").survivors.drop_duplicates("role").set_index("role")
    lives = tree["survives"].astype(bool)
    return found(
        bool(lives["containerd-shim"] and lives["container"]),
        "it stays beside the container: when dockerd was killed and containerd ended with it, "
        "shim and container lived on",
    )


def _tree() -> Any:
    return recorded("docker-internals").tree.drop_duplicates("role").set_index("role")


def _mib(role: str) -> str:
    return units.text(float(_tree().at[role, "pss_bytes"]), units.memory)


def _asks(client: str, server: str) -> bool:
    pids, connections = _tree()["pid"], recorded("docker-internals").connections
    pairs = set(zip(connections["client"], connections["server"], strict=True))
    return (pids[client], pids[server]) in pairs


def _events_of(source: str) -> list[str]:
    events = recorded("docker-internals").events
    return list(events[events["source"] == source]["event"].unique())


FINDINGS = {
    "cli-terminal": terminal,
    "cli-commands": commands,
    "cli-talks": commands,
    "dockerd-daemon": daemon,
    "dockerd-manages": manages,
    "containerd-runtime": runtime,
    "containerd-life": whole_life,
    "runc-low": low_level,
    "runc-only": only_runs,
    "shim-between": between,
    "shim-coordinates": coordinates,
}
