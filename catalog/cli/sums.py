"""How far a scan is, in numbers; shown by `progress` in lines and by `bars` in bars."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Sums:
    """How far it is: files listed, planned and read, sizes in bytes."""

    listed_files: int = 0
    planned_files: int = 0
    planned_bytes: int = 0
    read_files: int = 0
    read_bytes: int = 0
