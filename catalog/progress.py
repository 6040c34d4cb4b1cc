"""What a long run tells while it runs; how it is shown is the business of the command line."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Hears how far a scan is. Sizes in bytes."""

    def zone(self, name: str) -> None:
        """A look at a zone begins."""

    def listed(self, files: int) -> None:
        """So many files have been listed so far."""

    def planned(self, files: int, size: int) -> None:
        """So many more files, of this size together, are to be read."""

    def read(self, files: int, size: int) -> None:
        """So many more files have been read."""


class Silence:
    """A progress that nobody wants to hear."""

    def zone(self, name: str) -> None:
        """Say nothing."""

    def listed(self, files: int) -> None:
        """Say nothing."""

    def planned(self, files: int, size: int) -> None:
        """Say nothing."""

    def read(self, files: int, size: int) -> None:
        """Say nothing."""
