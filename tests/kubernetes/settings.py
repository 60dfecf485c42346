"""What a cluster of the tests consists of: where it is, its files, its programs' arguments."""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

TOKEN = "for-tests"  # of a server on loopback, for as long as the tests run
PAUSE = "labkit-tests/pause:1"


@dataclass(frozen=True)
class Cluster:
    """kubeconfig: the file that leads to it. socket: its containerd's. group: its control group."""

    folder: Path
    kubeconfig: Path
    socket: Path
    group: str
    server: str

    def get(self, path: str) -> dict[str, object] | None:
        """What the API says at a path; None where it does not answer."""
        asked = Request(self.server + path, headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310
        context = ssl.create_default_context(cafile=self.folder / "server.crt")
        with suppress(OSError), urlopen(asked, timeout=5, context=context) as answer:  # noqa: S310
            return dict(json.load(answer))
        return None

    def said(self) -> str:
        """The end of what each program has said."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"{log.name}:\n{log.read_text()[-1500:]}" for log in logs)


def commands(cluster: Cluster, ports: Mapping[str, int]) -> dict[str, list[str]]:
    """Program → its arguments, in the order of their start."""
    folder, kubeconfig = cluster.folder, f"--kubeconfig={cluster.kubeconfig}"
    client, peer = (f"http://127.0.0.1:{ports[name]}" for name in ("etcd", "peer"))
    quiet = ["--port=0", "--secure-port=0", "--leader-elect=false", kubeconfig]
    return {
        "etcd": [
            f"--data-dir={folder}/etcd",
            *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
            *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
            f"--initial-cluster=default={peer}",
        ],
        "kube-apiserver": [
            f"--etcd-servers={client}",
            *("--bind-address=127.0.0.1", f"--secure-port={ports['api']}"),
            *("--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"),
            *(
                f"--tls-cert-file={folder}/server.crt",
                f"--tls-private-key-file={folder}/server.key",
            ),
            *(f"--cert-dir={folder}", f"--token-auth-file={folder}/tokens"),
            *("--authorization-mode=AlwaysAllow", "--anonymous-auth=false"),
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={folder}/server.key",
            f"--service-account-signing-key-file={folder}/server.key",
            "--kubelet-preferred-address-types=Hostname",
        ],
        "kube-controller-manager": [
            *quiet,
            f"--service-account-private-key-file={folder}/server.key",
        ],
        "kube-scheduler": quiet,
        "kubelet": [
            kubeconfig,
            *("--hostname-override=127.0.0.1", "--address=127.0.0.1", f"--port={ports['kubelet']}"),
            *("--read-only-port=0", "--healthz-port=0", f"--root-dir={folder}/kubelet"),
            *(
                "--container-runtime=remote",
                f"--container-runtime-endpoint=unix://{cluster.socket}",
            ),
            *("--cgroup-driver=cgroupfs", f"--cgroup-root=/{cluster.group}"),
            *("--fail-swap-on=false", "--make-iptables-util-chains=false", "--eviction-hard="),
            *("--node-status-update-frequency=1s", "--max-open-files=20000"),
        ],
    }


def write_settings(cluster: Cluster, built: Path) -> None:
    folder, cert = cluster.folder, cluster.folder / "server.crt"
    endpoint = {"server": cluster.server, "certificate-authority": str(cert)}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "labkit-tests",
        "contexts": [{"name": "labkit-tests", "context": {"cluster": "own", "user": "own"}}],
        "clusters": [{"name": "own", "cluster": endpoint}],
        "users": [{"name": "own", "user": {"token": TOKEN}}],
    }
    cluster.kubeconfig.write_text(json.dumps(kubeconfig))
    (folder / "tokens").write_text(f"{TOKEN},admin,1,system:masters\n")
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    openssl += ["-addext", "subjectAltName=IP:127.0.0.1", "-days", "30"]
    words = [*openssl, "-keyout", f"{folder}/server.key", "-out", str(cert)]
    subprocess.run(words, capture_output=True, check=True)
    network = {
        "cniVersion": "0.4.0",
        "name": "labkit-tests",
        "plugins": [
            {"type": "ptp", "ipam": {"type": "host-local", "subnet": "10.213.0.0/24"}},
        ],
    }
    (folder / "cni").mkdir()
    (folder / "cni/10-own.conflist").write_text(json.dumps(network))
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    (folder / "containerd.toml").write_text(
        f'version = 2\nroot = "{folder}/images"\nstate = "{folder}/state"\n'
        f'[grpc]\naddress = "{cluster.socket}"\n'
        f'[{cri}]\nsandbox_image = "docker.io/{PAUSE}"\nrestrict_oom_score_adj = true\n'
        f'[{cri}.cni]\nbin_dir = "{built}/cni"\nconf_dir = "{folder}/cni"\n'
    )
