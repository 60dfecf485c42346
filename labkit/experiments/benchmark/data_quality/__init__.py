"""Data quality of a run, in plain words: each issue names its trials and says what to do."""

from labkit.experiments.benchmark.data_quality.gather import quality_issues
from labkit.experiments.benchmark.data_quality.issue import QualityIssue

__all__ = ["QualityIssue", "quality_issues"]
