"""What the commands print: plain text for people, one JSON object for scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from labkit import stats
from labkit.diagnosis import Diagnosis, Finding
from labkit.records import Host
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
