"""Writes the metrics to a file for the textfile collector of node_exporter; serves nothing."""

from __future__ import annotations

from pathlib import Path

from catalog.metrics.families import exposition
from catalog.metrics_values import Facts
from catalog.whole_file import write_whole

_MODE = 0o644
"""The exporter is another user."""


def write_metrics(path: Path, facts: Facts) -> None:
    """Write the facts, whole or not at all. Raises `UsageError` where the file cannot be written."""
    write_whole(path, exposition(facts), mode=_MODE)
