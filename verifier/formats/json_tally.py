"""Fold what is found in the lines of one file into a bounded list of findings; not the judging of lines."""

from __future__ import annotations

from dataclasses import replace

from verifier.findings import REGISTER, Level
from verifier.model import Finding, Where, finding

_OWN_FINDINGS = 20


class Tally:
    """The findings of one file, of bounded number, in the order in which they were first seen.

    The first 20 errors, whatever their codes, are findings of their own; further ones add to the count of the last
    finding of their code. A code first seen after that still gets one finding, at its first place. Warnings and infos
    are one finding for each code, at the first place, with their count.
    """

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._counts: list[int] = []
        self._last: dict[str, int] = {}
        self._errors = 0

    def add(
        self, code: str, message: str, where: Where, *, expected: str | None = None, actual: str | None = None
    ) -> None:
        """Count one line's finding."""
        own = REGISTER[code].level is Level.ERROR and self._errors < _OWN_FINDINGS
        if code in self._last and not own:
            self._counts[self._last[code]] += 1
            return
        self._errors += own
        self._last[code] = len(self._found)
        self._found.append(finding(code, message, where=where, expected=expected, actual=actual))
        self._counts.append(1)

    def add_again(self, code: str, count: int) -> None:
        """Count more of a code that has been found before and of which only the first place is told."""
        self._counts[self._last[code]] += count

    def __contains__(self, code: str) -> bool:
        return code in self._last

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, each with its count."""
        return tuple(replace(found, count=count) for found, count in zip(self._found, self._counts, strict=True))
