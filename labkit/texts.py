"""What the commands print: plain text for people, one JSON object for scripts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from labkit import stats
from labkit.diagnosis import Diagnosis, Finding
from labkit.paas.layers import USER_MANAGES
from labkit.records import DeploymentStep, Host
from labkit.store import Run

MIB = 1024 * 1024


def diagnosis_text(found: Diagnosis) -> str:
    """The doctor's answer, one backend a paragraph."""
    image = found.image_digest[:12] if found.image_digest else "not built (labkit image build)"
    lines = [_host_line(found.host), f"lab image: {image}", ""]
    for finding in found.findings:
        if finding.by_default:
            lines += _finding_lines(finding)
    lines += ["", "the layers of a container engine (labkit run --profile layers):"]
    for finding in found.findings:
        if not finding.by_default:
            lines += _finding_lines(finding)
    ready = ",".join(found.ready)
    lines += [
        "",
        f"to compare what can run: labkit run --backends {ready}"
        if ready
        else "nothing can run here yet: the commands above mend that",
    ]
    return "\n".join(lines)


def image_text(description: dict[str, Any]) -> str:
    """What `labkit image show` prints: names on the left, nested ones indented."""
    return "\n".join(_described(description, ""))


def run_json(run: Run) -> dict[str, Any]:
    """A run for scripts: its trials with their milestones, and its summary. Empty is null."""
    milestones = {
        trial: dict(zip(rows["milestone"], rows["at_s"], strict=True))
        for trial, rows in run.milestones.groupby("trial")
    }
    names = ["trial", "block", "stage", "backend", "family", "engine", "status"]
    names += ["startup_s", "error"]
    trials = [
        {
            **{name: _plain(row[name]) for name in names},
            "milestones": milestones.get(row["trial"], {}),
        }
        for row in run.trials.to_dict("records")
    ]
    return {
        "run": run.manifest.run_id,
        "path": str(run.path.resolve()),
        "ending": run.ending.reason if run.ending else None,
        "trials": trials,
        "summary": stats.summary_json(run),
        "doubts": [asdict(doubt) for doubt in stats.doubts(run)],
    }


def deployments_text(table: pd.DataFrame, steps: Sequence[DeploymentStep]) -> str:
    """What each way asks of the user, a line a way; then its steps."""
    lines = [f"{'way':<18} {'steps':>5} {'lines':>5} {'bytes':>12} {'seconds':>8}  leaves to you"]
    for row in table.itertuples():
        left = ", ".join(USER_MANAGES[str(row.model)])
        lines.append(
            f"{row.way:<18} {row.steps:>5} {row.lines:>5} {row.bytes:>12,} {row.median_s:>8.1f}  "
            f"{left}"
        )
    first = min(step.trial for step in steps)
    for way, done in itertools.groupby(
        (step for step in steps if step.trial == first), key=lambda step: (step.way, step.engine)
    ):
        lines += ["", f"{way[0]} ({way[1]}):"]
        lines += [
            f"  {step.step}. {step.title:<50} {step.lines:>3} lines {step.bytes:>12,} bytes "
            f"{step.seconds:>6.1f} s"
            for step in done
        ]
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else value


def _host_line(host: Host) -> str:
    kind = {True: "a virtual machine itself", False: "no virtual machine", None: ""}
    parts = [
        host.distribution,
        f"kernel {host.kernel}",
        f"{host.cpus} × {host.cpu_model}",
        f"{host.memory_bytes / 1024**3:.1f} GiB",
        kind[host.hypervisor],
        f"cgroup v{host.cgroup_version}" if host.cgroup_version else "",
    ]
    return "this computer: " + ", ".join(part for part in parts if part)


def _finding_lines(finding: Finding) -> list[str]:
    if not finding.ready:
        return [
            f"✗ {finding.backend:<8} {finding.family}",
            f"    cannot run: {finding.reason}",
            f"    what to do: {finding.fix}",
        ]
    head = f"✓ {finding.backend:<8} {finding.family}, engine {finding.engine}"
    return [head, f"    {finding.version}", *(f"    {note}" for note in finding.notes)]


def _described(value: Any, indent: str) -> list[str]:
    if isinstance(value, dict):
        lines = []
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                lines += [f"{indent}{name}:", *_described(inner, indent + "  ")]
            else:
                lines.append(f"{indent}{name}: {inner}")
        return lines
    if isinstance(value, list):
        return [
            indent + ", ".join(f"{k}: {v}" for k, v in item.items())
            if isinstance(item, dict)
            else f"{indent}{item}"
            for item in value
        ]
    return [f"{indent}{value}"]
