"""What a network adds to a machine's command line, and that nothing is added without."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.backends.base import NO_PORT, Backend
from labkit.backends.docker.backend import DockerBackend
from labkit.backends.docker.containers import container_settings
from labkit.backends.qemu.command import network_card
from labkit.backends.table import BACKENDS, make_backend
from labkit.backends.virtualbox.settings import settings
from labkit.experiments.benchmark import plan as make_plan
from labkit.guest.workload import all_workloads
from labkit.image import LabImage
from labkit.image.lab_image import image_in
from labkit.recordings.facts import Limits

WITH, WITHOUT = Limits(network=True), Limits()


@pytest.fixture
def image(tmp_path: Path) -> LabImage:
    names = ("digest", "container_id", "container_tag", "command_line", "kernel_version")
    return image_in(tmp_path, dict.fromkeys(names, "x"))


def test_a_machine_of_virtualbox_has_a_card_only_with_a_port() -> None:
    plain = settings("vbox-hm", WITHOUT, Path("/f"))
    card = settings("vbox-hm", WITH, Path("/f"), 1234)
    assert plain["nic1"] == ("none",)
    assert card["nic1"] == ("nat",) and card["nictype1"] == ("virtio",)
    assert card["natpf1"] == ("http,tcp,127.0.0.1,1234,10.0.2.15,8080",)
    assert plain.keys() == card.keys() - {"nictype1", "natpf1"}


def test_qemus_network_leads_in_from_loopback_and_nowhere_out() -> None:
    words = " ".join(network_card(1234))
    assert "restrict=on" in words
    assert "hostfwd=tcp:127.0.0.1:1234-:8080" in words


def test_a_container_is_published_on_loopback_or_has_no_network(image: LabImage) -> None:
    plain = container_settings(image, WITHOUT, "name", DockerBackend().chosen)
    public = container_settings(image, WITH, "name", DockerBackend().chosen)
    assert plain["network_mode"] == "none" and "ports" not in plain
    assert public["ports"] == {"8080/tcp": ("127.0.0.1", None)} and "network_mode" not in public


def test_a_plan_has_a_network_only_where_a_workload_is_a_server() -> None:
    assert make_plan(["host"], ["http"]).limits.network
    assert make_plan(["host"], profile="web").limits.network
    assert not make_plan(["host"], ["cpu", "idle"]).limits.network


def test_a_server_is_not_looked_for_here_where_the_daemon_is_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://far.example:2375")
    assert DockerBackend().all_unsupported()["http"]
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    assert "http" not in DockerBackend().all_unsupported()


def test_a_backend_without_a_port_leaves_servers_out_and_says_why() -> None:
    servers = {name for name, workload in all_workloads().items() if workload.network}
    assert servers == {"http", "iperf3", "nginx"}
    for name in BACKENDS:
        left_out = make_backend(name).all_unsupported()
        assert (servers & left_out.keys()) == (set() if make_backend(name).publishes else servers)

    class Without(type(make_backend("host"))):  # type: ignore[misc]
        publishes = False

    backend: Backend = Without()
    assert backend.all_unsupported()["http"] == NO_PORT
    assert backend.all_unsupported().items() >= backend.unsupported.items()
