"""An agent that emits torn, endless and binary lines, behind each boundary for real."""

from __future__ import annotations

import random

from labkit.experiments.table import load_run
from labkit.guest.messages import VERSION
from tests.faults.scene import Scene
from tests.faults.variant import variant

HELLO = f"LABKIT/{VERSION}"
# What the agent does before, instead of, or between what it should say.
AGENTS = {
    # Noise, a line end, and then an ordinary agent: nothing may be lost by it.
    "before": "cat $LAB/noise; echo; . $LAB/real",
    # The announcement in pieces; its own line must not be torn by the pauses.
    "torn": f"printf '{HELLO} RE'; sleep 0.2; printf 'ADY 1.'; sleep 0.2; echo 5; . $LAB/real",
    # A line without end, which also swallows the announcement.
    "swallowed": "cat $LAB/noise; printf LAB; . $LAB/real",
    # Noise for ever, and nothing else.
    "instead": "while :; do cat $LAB/noise; sleep 0.05; done",
    # Lines of the protocol that nobody has asked for.
    "unasked": "cat $LAB/lines; . $LAB/real",
    # An ordinary agent with a workload that writes over its lines.
    "during": ". $LAB/real",
    # It leaves in the middle of a line.
    "leaves": f"printf '{HELLO} REA'; exit 3",
}
HARMLESS = ("before", "torn", "unasked", "during")
COMBINATIONS = [(backend, mode) for backend in ("host", "docker", "qemu") for mode in AGENTS]
PRELUDE = (
    "#!/bin/busybox sh\nLAB=${0%/*}\nPATH=${LAB%/lab}/bin:$PATH\nbusybox=${LAB%/lab}/bin/busybox\n"
)


def inject(scene: Scene) -> None:
    backend, mode = scene.fault.backend, scene.fault.moment
    course = scene.course(backend, 2 if backend == "host" else 1)
    with variant(scene.image, scene.folder / "image", _files(scene)) as image:
        patience = 60 if mode in HARMLESS else 5
        words = [*course.words, "--ready-timeout", str(patience)]
        ended = scene.perform(*words, image=image, patience_s=60.0)
        scene.entry.injected = True
        scene.expect_no_orphans(ended.pid)
    assert ended.status in (0, 1), ended.err
    trials = load_run(scene.run).trials
    if mode in HARMLESS:
        assert ended.status == 0 and trials["trial"].tolist() == course.trials, ended.err
    else:
        assert ended.status == 1 and set(trials["status"]) == {"failed"}
    scene.expect_failed_trials_explained()


def _files(scene: Scene) -> dict[str, bytes]:
    """Path → content, of what is not as in the real image."""
    mode = scene.fault.moment
    real = (scene.image.rootfs / "lab/agent").read_bytes()
    files = {
        "lab/agent": (PRELUDE + AGENTS[mode] + "\n").encode().replace(b"cat ", b"$busybox cat "),
        "lab/real": real,
        "lab/noise": noise(scene.dice),
        "lab/lines": lines(scene.dice),
    }
    if mode == "during":
        workload = (scene.image.rootfs / "lab/workloads/cpu.sh").read_bytes()
        talk = b"\nprepare() { $BUSYBOX cat $LAB/noise $LAB/lines; echo; }\n"
        files["lab/workloads/cpu.sh"] = workload + talk
    return files


def noise(dice: random.Random) -> bytes:
    """Binary, over-long, or half a line; never a line end behind it."""
    return dice.choice(
        [
            dice.randbytes(dice.randrange(1, 4096)).replace(b"\n", b"\0"),
            dice.randbytes(dice.randrange(1, 4096)),
            bytes([dice.randrange(32, 127)]) * dice.randrange(4000, 20000),
            f"{HELLO} READY ".encode() + b"9" * dice.randrange(1, 5000),
            "END 1 0.0 \u0663\u0664\n\n\r\nLABKIT/9999 READ".encode(),
        ]
    ).rstrip(b"\n")


def lines(dice: random.Random) -> bytes:
    """Whole lines of the protocol for requests that were never made."""
    some = [
        "BEGIN 77 1.0",
        "END 77 2.0 999999999999999999",
        "END 1 1e9 -1",
        "ERROR - nobody asked",
        "ERROR 77 of another",
        f"BYE {dice.randrange(10**6)}.5",
        f"{HELLO} READY -5",
        "READY",
        "",
    ]
    dice.shuffle(some)
    return "".join(f"{line}\n" for line in some).encode()
