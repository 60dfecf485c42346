"""Debian 12, what takes long (COMPUTERS="debian-12-more"): VirtualBox on its kernel driver, a user
without root, a machine under KVM that is resumed."""

from __future__ import annotations

import pytest

from tests.computers.disks import PROJECT
from tests.computers.machine import Machine
from tests.computers.test_debian_12 import PATIENCE_S, PATIENT_LABKIT, SHORT, complete, table

pytestmark = [pytest.mark.computer, pytest.mark.timeout(7200)]


def test_a_user_of_the_group_kvm_measures_without_root(debian_12: Machine) -> None:
    debian_12.run("modprobe kvm-amd; useradd --create-home --groups kvm anna")
    debian_12.run(f"cp -r {PROJECT}/cache/debs {PROJECT}/cache/images /home/anna", PATIENCE_S)
    debian_12.run("chown -R anna: /home/anna")
    own = "HOME=/home/anna LABKIT_CACHE=/home/anna"
    words = f"run --backends host,qemu {SHORT} --out /home/anna/run"
    debian_12.run(
        f"setpriv --reuid anna --regid anna --init-groups env {own} {PATIENT_LABKIT} {words}",
        PATIENCE_S,
    )
    assert complete(table(debian_12, "/home/anna/run/trials.csv"))["qemu"] == "kvm"


def test_a_machine_under_kvm_is_saved_and_resumed(debian_12: Machine) -> None:
    words = f"run --backends host,qemu-resumed {SHORT} --out /tmp/resumed"
    debian_12.run(f"modprobe kvm-amd; {PATIENT_LABKIT} {words}", PATIENCE_S)
    trials = table(debian_12, "/tmp/resumed/trials.csv")
    assert complete(trials) == {"host": "native", "qemu-resumed": "kvm"}


def test_virtualbox_runs_on_its_driver(debian_12: Machine) -> None:
    debian_12.run("modprobe -r kvm-amd; modprobe vboxdrv")
    words = f"run --backends host,virtualbox {SHORT} --out /tmp/vbox"
    debian_12.run(f"{PATIENT_LABKIT} {words}", PATIENCE_S)
    trials = complete(table(debian_12, "/tmp/vbox/trials.csv"))
    assert trials == {"host": "native", "virtualbox": "vbox-hm"}


def test_a_killed_lab_leaves_nothing_of_virtualbox(debian_12: Machine) -> None:
    debian_12.run("modprobe -r kvm-amd; modprobe vboxdrv")
    begun = "run --backends virtualbox --repeats 1 --warmups 0 --seconds 1 --workloads cpu"
    killed = f"""
    {PATIENT_LABKIT} {begun} --out /tmp/killed & lab=$!
    until pgrep VBoxHeadless; do sleep 1; done
    kill -9 $lab
    labkit clean
    """
    debian_12.run(killed, PATIENCE_S)
    left = debian_12.run("pgrep -l ^VBox || true; ls -d /tmp/labkit-* || true").stdout
    assert "VBox" not in left and "labkit-" not in left, left
