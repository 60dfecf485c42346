"""1-3: what virtualization is, and its kinds."""

from __future__ import annotations

from typing import Any

from labkit import units
from labkit.course.claims.docker import kernel, speeds, tuned_kvm
from labkit.course.claims.finding import HOLDS, NOT, WHEN, Finding, found, unmeasured
from labkit.course.exercise import recorded
from labkit.experiments.isolation import stats as isolation


def abstracted() -> Finding:
    facts = recorded("isolation").answers.query("kind == 'fact' and name == 'memory_kib'")
    memory: Any = facts.set_index("backend")["value"].astype(float) * 1024
    return found(
        bool(memory["qemu"] < memory["host"]),
        f"a machine is told of {units.text(memory['qemu'], units.memory)}, on a computer with "
        f"{units.text(memory['host'], units.memory)}",
    )


def divided() -> Finding:
    machines, crowd = _at_once("qemu", "density-machines"), _at_once("docker", "density")
    return found(
        machines > 1,
        f"on one computer {machines} virtual machines ran at once, and {crowd} containers",
    )


def hosted() -> Finding:
    about = recorded("isolation").manifest
    answers = recorded("isolation").answers
    table = isolation.stacks(answers, about.backends, about.host)
    parts = list(table[table["backend"] == "virtualbox"].sort_values("level")["part"])
    wanted = ["host's kernel", "hypervisor", "guest's kernel"]
    return found(
        parts[1:4] == wanted, f"VirtualBox, from below: {', '.join(parts)}; the kernels differ"
    )


def products() -> Finding:
    return Finding(
        WHEN,
        "VirtualBox was measured. VMware makes both kinds and does not run here",
        "VMware Workstation or Fusion is meant; VMware ESXi needs no host system",
    )


def hostless() -> Finding:
    return Finding(
        HOLDS,
        "by definition of type 1 (Xen, ESXi, Hyper-V); none is in these recordings. KVM is a part "
        "of a host's Linux",
    )


def chosen_at_boot() -> Finding:
    machines = _at_once("qemu", "density-machines")
    return found(
        machines <= 1,
        f"to choose a system at boot is dual boot: one runs at a time. {machines} machines ran at "
        "once here, on a hosted hypervisor; no type 1 is in these recordings",
    )


def fast() -> Finding:
    twice = speeds("emulated-amd-v")
    return found(
        tuned_kvm() > 0.9 and twice["qemu"] > 10 * twice["qemu:engine=tcg"],
        f"plain computing, of the host's speed: tuned KVM {tuned_kvm():.2f} (published, Linpack); "
        f"the lab's QEMU without the processor's help {speeds()['qemu']:.2f} (SHA-256), and in a "
        f"computer that is itself emulated {twice['qemu']:.2f} with it, "
        f"{twice['qemu:engine=tcg']:.3f} without it (chapter 04)",
        "the processor helps; hosted hypervisors use that help, too",
    )


def hard_to_set_up() -> Finding:
    return unmeasured("no steps were counted: a type 1 hypervisor was set up for tests only")


def many_containers() -> Finding:
    running = _at_once("docker", "density")
    others = {"podman", "lxc", "nspawn"} & set(recorded("spectrum").manifest.backends)
    return found(
        running > 1,
        f"{running} containers ran at once (chapter 03); {', '.join(sorted(others))} make "
        "containers here without Docker (chapter 11)",
        "Docker is taken as one example of an engine",
    )


def is_docker() -> Finding:
    return found(kernel().verdict == HOLDS, kernel().figure)


def is_kubernetes() -> Finding:
    return Finding(
        NOT,
        "Kubernetes makes no containers. It decides on which computer they run, and has an engine "
        "such as containerd make them",
    )


def _at_once(backend: str, name: str) -> int:
    """The most instances of this recording that ran together."""
    readings = recorded(name).instances
    return int(readings[readings["backend"] == backend]["running"].max())


FINDINGS = {
    "virtualization-abstract": abstracted,
    "virtualization-divide": divided,
    "hosted-how": hosted,
    "hosted-products": products,
    "type1-hostless": hostless,
    "type1-boot": chosen_at_boot,
    "type1-fast": fast,
    "type1-setup": hard_to_set_up,
    "container-how": many_containers,
    "container-how-docker": many_containers,
    "container-docker": is_docker,
    "container-kubernetes": is_kubernetes,
    "hypervisor": divided,
}
