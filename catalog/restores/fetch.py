"""Fetch one file of a restore: keep what is there and right, else copy it from the first place that has it.

A lane of `copies.lanes`; which files, and what they come to together, is the business of others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass

from catalog.copies.lanes import Patience
from catalog.restores.order import RestoreOrder, Source, WantedFile
from verifier.backends.base import Backend
from verifier.backends.registry import open_backend
from verifier.errors import ChangedError, NotFoundError, SourceError
from verifier.model import Finding, StoredFile, finding
from verifier.transfer import Delivery, Pulse, Route, digest_of
from verifier.zone_model import Trouble


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a file was not taken from one place; `is_lost` where that place does not have it, or not its bytes."""

    source: Source | None
    trouble: Trouble
    is_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What became of one file: with `sha256` it is at the target, read from `source`, or was there already (None).

    Otherwise `mismatch` says that something else is there, or `misses` why no place gave it.
    """

    wanted: WantedFile
    sha256: str | None = None
    source: Source | None = None
    was_sent: bool = False
    mismatch: Finding | None = None
    misses: tuple[Miss, ...] = ()

    @property
    def is_there(self) -> bool:
        """True where the target has the file, whole and right."""
        return self.sha256 is not None

    @property
    def is_lost(self) -> bool:
        """True where every place was asked and none has it."""
        return not self.is_there and self.mismatch is None and all(miss.is_lost for miss in self.misses)


class Fetcher:
    """One lane: connections to the target and to each place that files are read from."""

    def __init__(self, order: RestoreOrder, there: Mapping[str, StoredFile], patience: Mapping[str, Patience]) -> None:
        self._order, self._there, self._patience = order, there, patience
        self._opened = ExitStack()
        self._routes: dict[str, Route] = {}
        self._target: Backend | None = None

    def carry(self, wanted: WantedFile, pulse: Pulse, /) -> Fetched:
        """Bring one file to the target, or say why not."""
        there = self._there.get(wanted.path)
        if there is not None and wanted.sha256 is not None:
            kept = self._kept(wanted, wanted.sha256, there, pulse)
            if kept is not None:
                return kept
        misses: list[Miss] = []
        for source in self._in_order(wanted):
            patience = self._patience[source.zone]
            if patience.is_over:
                misses.append(_miss(source, patience.over(), is_lost=False))
                continue
            try:
                delivery = self._deliver(source, pulse)
            except SourceError as error:
                patience.learn(error)
                misses.append(_miss(source, error, is_lost=self._is_lost(source, error)))
                continue
            patience.learn(delivery)
            if delivery.mismatch is not None and delivery.is_source_wrong:
                trouble = Trouble(kind="mismatch", message=f"{source.url}: {delivery.mismatch.message}")
                misses.append(Miss(source, trouble, is_lost=True))
                continue
            return Fetched(
                wanted=wanted,
                sha256=None if delivery.mismatch else delivery.sha256,
                source=source if delivery.was_sent else None,
                was_sent=delivery.was_sent,
                mismatch=delivery.mismatch,
                misses=tuple(misses),
            )
        return Fetched(wanted=wanted, misses=tuple(misses))

    def close(self) -> None:
        """Give back all connections."""
        self._opened.close()

    def _in_order(self, wanted: WantedFile) -> Iterator[Source]:
        """Yield the places of a file, those that do not answer last."""
        yield from sorted(wanted.sources, key=lambda source: self._patience[source.zone].is_over)

    def _deliver(self, source: Source, pulse: Pulse) -> Delivery:
        """Copy from one place. What was touched there since it was scanned is judged by its recorded SHA-256."""
        route = self._routes.get(source.zone)
        if route is None:
            route = self._opened.enter_context(closing(Route(source.location, self._order.target)))
            self._routes[source.zone] = route
        try:
            return route.deliver(source.parcel, pulse)
        except ChangedError:
            renewed = route.renewed(source.parcel)
            if renewed is None:
                raise
            return route.deliver(renewed, pulse)

    def _is_lost(self, source: Source, error: SourceError) -> bool:
        """Tell whether a place has a file no more; what is not found may be the folder that it was to go to."""
        route = self._routes.get(source.zone)
        if not isinstance(error, NotFoundError) or route is None:
            return isinstance(error, ChangedError)
        try:
            return not route.has(source.parcel)
        except SourceError:
            return False

    def _kept(self, wanted: WantedFile, sha256: str, there: StoredFile, pulse: Pulse) -> Fetched | None:
        """Compare what is at the target with what is wanted; None where it is gone or being changed."""
        if there.size != wanted.size:
            return self._mismatch(wanted, f"{wanted.size} bytes", f"{there.size} bytes")
        if self._target is None:
            self._target = self._opened.enter_context(closing(open_backend(self._order.target)))
        try:
            actual = digest_of(self._target, there, pulse)
        except (ChangedError, NotFoundError):
            return None
        except SourceError as error:
            return Fetched(wanted=wanted, misses=(Miss(None, _trouble(error)),))
        return Fetched(wanted=wanted, sha256=sha256) if actual == sha256 else self._mismatch(wanted, sha256, actual)

    def _mismatch(self, wanted: WantedFile, expected: str, actual: str) -> Fetched:
        message = "another object is there already, and was left as it is"
        found = finding("copy.mismatch", message, path=wanted.path, expected=expected, actual=actual)
        return Fetched(wanted=wanted, mismatch=found)


def _miss(source: Source, error: SourceError, *, is_lost: bool) -> Miss:
    return Miss(source, _trouble(error), is_lost=is_lost)


def _trouble(error: SourceError) -> Trouble:
    return Trouble(kind=error.kind, message=error.message, hint=error.hint)
