"""1-1 and 1-4: what Docker is, and what it is good for."""

from __future__ import annotations

from typing import Any

from labkit import stats, units
from labkit.course.claims.finding import Finding, found, unmeasured
from labkit.course.exercise import recorded
from labkit.experiments.benchmark import published
from labkit.experiments.benchmark import stats as benchmark
from labkit.experiments.deployment import stats as deployment
from labkit.experiments.images import stats as images
from labkit.experiments.isolation import stats as isolation
from labkit.experiments.neighbours import stats as neighbours


def kernel() -> Finding:
    kernels = isolation.kernels(recorded("isolation").answers)
    first = kernels["backends"].iloc[0].split(", ")
    number = len(first) - 1
    return found(
        {"host", "docker"} <= set(first),
        f"one kernel answers the host and what is inside of {number} kinds of boundaries",
    )


def product() -> Finding:
    table = deployments()
    container, platform = table.loc["containers"], table.loc["PaaS"]
    return found(
        container["bytes"] <= platform["bytes"],
        f"with Docker its user supplies {units.text(container['bytes'], units.size)} and "
        f"{container['lines']:.0f} lines, on a platform {units.text(platform['bytes'], units.size)}"
        f" and {platform['lines']:.0f}: Docker is a tool of which a platform can be built",
    )


def convenient() -> Finding:
    table = deployments()
    machine, container = table.loc["IaaS"], table.loc["containers"]
    return found(
        bool(container["lines"] < machine["lines"] and container["steps"] < machine["steps"]),
        f"{container['steps']:.0f} steps and {container['lines']:.0f} lines, "
        f"for a virtual machine {machine['steps']:.0f} and {machine['lines']:.0f}",
        "a virtual machine that is made by hand is what it is compared with",
    )


def isolated() -> Finding:
    table = neighbours.neighbours(recorded("neighbours").trials)
    rows = table.query("backend == 'docker' and kind == 'cpu' and quantity == 'throughput'")
    kept: Any = rows.set_index("condition")["median_ratio"]
    return found(
        bool(kept["limited"] > 0.9),
        f"beside a neighbour that computes, a container keeps {kept['unlimited']:.2f} of its "
        f"throughput without limits and {kept['limited']:.2f} with them",
        "limits are set, and there is enough for all",
    )


def minimal() -> Finding:
    table = images.base_images(recorded("images").base_images)
    busybox: Any = table[table["program"] == "busybox"].set_index("image")
    small, large = busybox.loc["scratch"], busybox.loc["python"]
    return found(
        True,
        f"the same program starts from an image of {_files(small)} and from one of {_files(large)}",
        "whoever makes the image puts nothing else into it",
    )


def quicker() -> Finding:
    ratio = speeds()
    return found(
        bool(ratio["docker"] > 2 * ratio["qemu"]),
        f"plain computing, the host's speed is 1: container {ratio['docker']:.2f}, machine without "
        f"the processor's help {ratio['qemu']:.2f}, with it {tuned_kvm():.2f} (published); the "
        f"machine without that help takes {_starts():.1f} times a container's time to start",
        "machines have no hardware virtualization; with it, the gain is in starts and memory",
    )


def smaller() -> Finding:
    """Of many, and of a single one with the services that it needs (PSS)."""
    run, each = recorded(), _all("density").at[("docker", 50), "total_bytes"] / 50
    further = _all("first-comparison").at[("qemu", 4), "marginal_bytes"]
    memory = benchmark.memory(run.samples, run.trials)
    pss: Any = memory[memory["metric"] == "pss"].set_index(["backend", "role"])["median_bytes"]
    single = pss["docker", "each"] + pss["docker", "services"]
    return found(
        bool(each < further and single < pss["qemu", "each"]),
        f"one of fifty containers {_mib(each)}, a further emulated machine {_mib(further)}; a "
        f"single one with Docker's services {_mib(single)}, a single machine "
        f"{_mib(pss['qemu', 'each'])} (PSS)",
    )


def complete() -> Finding:
    ways = images.cold_load(recorded("images").cold_load)
    steps: Any = ways[(ways["way"] == "container") & (ways["start"] == 1)].set_index("title")
    return found(
        bool(steps.at["total", "median_s"] < 5),
        "from an empty store to the first line: "
        f"{units.text(steps.at['total', 'bytes'], units.size)}, "
        f"{units.text(steps.at['total', 'median_s'], units.time)}",
        "a container engine and a fitting kernel are there; both are not in the image",
    )


def set_up() -> Finding:
    ways = images.cold_load(recorded("images").cold_load)
    totals = ways[(ways["title"] == "total") & (ways["start"] == 1)]
    first: Any = totals.set_index("way")["median_s"]
    container, machine = first["container"], first["qemu machine"]
    return found(
        bool(container < machine),
        f"from nothing to ready: container {units.text(container, units.time)}, emulated machine "
        f"{units.text(machine, units.time)}, container with Python "
        f"{units.text(first['container with Python'], units.time)}",
        "the image is small, or is there already",
    )


def enforced() -> Finding:
    drift = recorded("images").drift
    after = drift[drift["moment"] == "after"].assign(works=drift["status"] == 0)
    works: Any = after.groupby("place")["works"].sum()
    changes = drift["change"].nunique()
    return found(
        bool(works["container"] == changes and works["host root"] == 0),
        f"of {changes} changes of the host, {works['container']} left the container's program "
        f"working and {works['host root']} the host's",
    )


def modules() -> Finding:
    layers = images.image_layers(recorded("images").layers)
    other_app = layers[layers["image"] == "python-other-app"]
    whole, new = other_app["size_bytes"].sum(), other_app["new_bytes"].sum()
    return found(
        bool(new < whole / 1000),
        f"a second app brings {units.text(new, units.size)} of an image of "
        f"{units.text(whole, units.size)}; the other layers are there",
    )


def faster_cycle() -> Finding:
    table = deployments()["median_s"]
    return unmeasured(
        "nobody's working day was measured. One deployment takes the computer "
        f"{table['containers']:.1f} s with a container, {table['IaaS']:.1f} s with an emulated "
        "machine"
    )


def elsewhere() -> Finding:
    return unmeasured("all recordings are of one kind of computer: one processor, one Linux")


def deployments() -> Any:
    return deployment.deployments(recorded("deployment").steps).set_index("model")


def _files(row: Any) -> str:
    files = f"{row['files']:.0f} file{'' if row['files'] == 1 else 's'}"
    return f"{files} ({units.text(row['image_bytes'], units.size)})"


def speeds(name: str = "first-comparison") -> Any:
    """Backend → its speed at computing, of the bare process's."""
    run = recorded(name)
    table = benchmark.throughput(run.results, run.trials).query("workload == 'cpu'")
    return table.set_index("backend")["median_ratio"]


def tuned_kvm() -> float:
    """A published machine's speed at computing, of the bare process's."""
    figures = published.load()
    table = benchmark.beside(figures, benchmark.comparable(recorded(), figures))
    tuned = table[(table["subject"] == "tuned KVM") & (table["quantity"] == "cpu_throughput")]
    return float(tuned["amount"].iloc[0])


def _starts() -> float:
    trials = recorded().trials.query("stage == 'measured' and status == 'ok'")
    machine, container = (trials[trials["backend"] == name] for name in ("qemu", "docker"))
    table = stats.ratios(machine, container, "startup_s", ["backend"], pair="block")
    return float(table["median_ratio"].iloc[0])


def _all(name: str) -> Any:
    """(backend, how many run) → the PSS of all of them, and of the last one."""
    run = recorded(name)
    table = benchmark.instances(run.instances, run.trials)
    rows = table[(table["metric"] == "pss") & (table["role"] == "all")]
    return rows.set_index(["backend", "running"])


def _mib(size: float) -> str:
    return units.text(size, units.memory)


FINDINGS = {
    "container-kernel": kernel,
    "docker-paas": product,
    "docker-convenient": convenient,
    "docker-isolated": isolated,
    "docker-minimal": minimal,
    "gain-speed": quicker,
    "gain-memory": smaller,
    "gain-complete": complete,
    "gain-setup": set_up,
    "gain-enforced": enforced,
    "gain-modules": modules,
    "gain-cycle": faster_cycle,
    "container-unaffected": isolated,
    "container-portable": elsewhere,
}
