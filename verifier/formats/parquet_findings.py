"""Collects the findings of one Parquet file, at most twenty of a code; decides nothing about them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from verifier.model import Finding, Where, finding

_SHOWN = 20


class Findings:
    """The findings so far, in the order they were made; the last one of a code stands for those not shown."""

    def __init__(self) -> None:
        self._shown: list[Finding] = []
        self._seen: Counter[str] = Counter()

    def add(
        self, code: str, message: str, *, where: Where | None = None, expected: object = None, actual: object = None
    ) -> None:
        """Add one finding of the family parquet; `code` without the family."""
        self._seen[code] += 1
        if self._seen[code] <= _SHOWN:
            made = finding(f"parquet.{code}", message, where=where, expected=expected, actual=actual)
            self._shown.append(made)

    def has(self, *codes: str) -> bool:
        """Tell whether any of these codes was found."""
        return any(self._seen[code] for code in codes)

    def all(self) -> tuple[Finding, ...]:
        """Return the findings; `count` on the last of a code covers those left out."""
        left_out = {f"parquet.{code}": seen - _SHOWN for code, seen in self._seen.items() if seen > _SHOWN}
        result: list[Finding] = []
        for made in reversed(self._shown):
            more = left_out.pop(made.code, 0)
            result.append(replace(made, count=1 + more) if more else made)
        return tuple(reversed(result))
