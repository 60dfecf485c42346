"""One run while it is made: each trial into its folder and onto the bar, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tqdm.auto import tqdm

from labkit.process import Clock, HostClock
from labkit.records import Plan, Reason
from labkit.run_writer import RunWriter
from labkit.runner import Hooks, Step
from labkit.store import TrialRecords

# The widest interval of a ratio so far, as a part of that ratio.
Precision = Callable[[Sequence[TrialRecords]], float]


class Recording:
    """Hands on what the runner gives, and decides whether there shall be one more block."""

    def __init__(
        self,
        plan: Plan,
        writer: RunWriter,
        before: Iterable[TrialRecords],
        precision: Precision,
        *,
        progress: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._plan = plan
        self._writer = writer
        self.trials = list(before)
        self._precision = precision
        self._clock = clock or HostClock()
        self._began = self._asked = self._clock.now()
        self._bar = _bar(plan, len(self.trials), progress)
        self._reason: Reason = "plan"

    def hooks(self) -> Hooks:
        return Hooks(self._on_trial, self._on_step, self._one_more)

    def finish(self, *, failed: bool) -> None:
        """Notes in the folder why no more trials are made."""
        self._writer.finish("failures" if failed else self._reason, len(self.trials))

    def close(self) -> None:
        self._bar.close()

    def say(self, text: str) -> None:
        """What is being done, beside the bar."""
        self._bar.set_description(text)

    def _on_step(self, step: Step) -> None:
        self._bar.set_description(_place(self._plan, step))

    def _on_trial(self, records: TrialRecords) -> None:
        self._writer.append(records)
        self.trials.append(records)
        self._bar.update()

    def _one_more(self) -> bool:
        """Whether another block is wanted, and can be made in the time that is left."""
        if self._plan.until_precision is None or self._plan.budget_s is None:
            return False
        now = self._clock.now()
        blocks = 1 if self._asked > self._began else max(self._plan.trials.values())
        block_s, self._asked = (now - self._asked) / blocks, now
        reached = self._precision(self.trials)
        if reached <= self._plan.until_precision:
            self._reason = "precision"
        elif now - self._began + block_s > self._plan.budget_s:
            self._reason = "time budget"
        else:
            self._bar.total += len(self._plan.backends)
            self._bar.set_postfix_str(f"widest interval {reached:.0%}")
            return True
        return False


def _bar(plan: Plan, done: int, wanted: bool) -> Any:
    total = sum(plan.trials.values()) + sum(plan.warmups.values())
    return tqdm(total=total, initial=done, unit="trial", disable=not wanted)


def _place(plan: Plan, step: Step) -> str:
    if step.stage == "warmup":
        return f"warm-up: {step.backend:<8}"
    planned = max(plan.trials.values())
    place = f"{step.block}/{planned}" if step.block <= planned else f"{step.block}"
    return f"block {place}: {step.backend:<8}"
