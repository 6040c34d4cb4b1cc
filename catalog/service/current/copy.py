"""The newest copy of the catalog, renewed moments after anybody recorded; answers no question from it.

Where it cannot be renewed the last copy goes on being served, and since when and why is told.
"""

from __future__ import annotations

import gc
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from catalog.answers import Document
from catalog.metrics_values import Facts
from catalog.questions.inquiry import Inquiry
from catalog.scratch_folder import scratch_folder
from catalog.service.current.apart import end_all
from catalog.service.current.exposure import Recoveries
from catalog.service.current.judging import gather, judge, recover
from catalog.service.current.lasting import Lasting
from catalog.service.current.signature import Signature, signature_of
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from catalog.store.standing import Copies, StandingCatalog
from verifier.errors import CatalogError, LandproofError, UsageError

_TICK_SECONDS = 0.5
_FEWEST_SECONDS = 1.0
_TIMES_LONGER = 10
"""Between two copies there is so many times as long as one works, so that copying costs no more than a tenth."""
_PAUSE_SECONDS = 5.0  # after a failure
_START_SECONDS = 5.0
_JUDGED_SECONDS, _WARM_SECONDS = 60.0, 600.0
_RECOVERED_SECONDS = 3600.0
"""A recovery point moves with what is recorded; by itself only where a slot comes due, which ends no chain."""
_FIRST_SECONDS = 2.0
"""How long who asks waits for the very first judgement before being told that it is under way."""
_STOP_SECONDS = 2.0
"""How long a stop waits for each judgement that has begun."""
_NOT_COPIED = ("is being copied for the first time", "ask again in some seconds")
_NOT_THERE = ("does not exist", "run a scan first, or name another file with --catalog")
_GONE_HINT = "put the file back: a scan now would begin a new catalog"
_MOST_HELD = 4
_SWITCH_SECONDS = 0.0005
"""Who gives many answers must not wait long for who makes one."""
_MOST_RENEWALS = 100


@dataclass(frozen=True, slots=True)
class Trouble:
    """Since when and why what is shown cannot be brought up to date."""

    since: datetime
    message: str
    hint: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What everything comes to: the document of `check` for 60 days, of which generation and as of when."""

    document: Document
    generation: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _State:
    """One copy, with the name of its generation."""

    catalog: StandingCatalog
    generation: str
    copied_at: datetime


class Current:
    """The catalog as it was moments ago. `clock` gives now, aware, in UTC."""

    def __init__(self, settings: Settings, catalog: Catalog, clock: Callable[[], datetime]) -> None:
        self._settings, self._catalog, self._clock = settings, catalog, clock
        self._opened = ExitStack()
        self._copies: Copies | None = None
        self._turn, self._next_at = threading.Lock(), 0.0
        self._state: _State | None = None
        self._seen: Signature | None = None
        self._trouble: Trouble | None = None
        self._stopping, self._tried = threading.Event(), threading.Event()
        self._watcher: threading.Thread | None = None
        self._judged = Lasting(self._judge, _JUDGED_SECONDS)
        self._facts = Lasting(lambda _: gather(self.inquiry()), _JUDGED_SECONDS)
        self._recovered = Lasting(lambda _: recover(self.inquiry()), _RECOVERED_SECONDS)
        self._lasting = (self._judged, self._facts, self._recovered)
        self._name = secrets.token_hex(4)
        self._renewals: tuple[float, ...] = ()
        self.copies_made = 0
        self.recorded_at = 0.0
        """When this process last recorded something, by the clock of `time.monotonic`."""

    def start(self) -> None:
        """Begin to watch; returns once there is a first copy, or no hope of one soon."""
        self._stopping.clear()
        self._tried.clear()
        self._next_at = 0.0
        for one in self._lasting:
            one.resume()
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._watcher = threading.Thread(target=self._watch, daemon=True, name="current")
        self._watcher.start()
        self._tried.wait(_START_SECONDS)

    def stop(self) -> None:
        """End to watch, and remove the copies; nobody may ask any more."""
        self._stopping.set()
        for one in self._lasting:
            one.stop(0)
        end_all()
        if self._copies:
            self._copies.interrupt(_STOP_SECONDS)
        if self._watcher:
            self._watcher.join()
            self._watcher = None
        for one in self._lasting:
            one.stop(_STOP_SECONDS)
        with self._turn:
            self._state, self._seen = None, None
            if self._copies:
                self._copies.close()
                self._copies = None
            self._opened.close()

    @property
    def generation(self) -> str | None:
        """The name of the copy that answers now, another one after every renewal; None where there is none."""
        state = self._state
        return state.generation if state else None

    @property
    def copied_at(self) -> datetime | None:
        """When that copy was made."""
        state = self._state
        return state.copied_at if state else None

    @property
    def copies_held(self) -> int:
        """How many copies are open: this one, and those that somebody still asks."""
        copies = self._copies
        return copies.held if copies else 0

    @property
    def version(self) -> Hashable:
        """What all that answers are made of has in common: answers of one version and one moment are the same."""
        judged = self._judged.value
        return self.generation, judged and (judged.generation, judged.at), self.trouble

    @property
    def trouble(self) -> Trouble | None:
        """Since when and why what is shown cannot be renewed; None where it can, also where there is no catalog yet."""
        if self._watcher and not self._watcher.is_alive() and not self._stopping.is_set():
            at = self.copied_at or self._clock()
            return Trouble(at, "the catalog is watched no more, which is a mistake of the program", "start it again")
        judged, error = self._judged.value, self._judged.error
        if judged and error and not self._trouble:
            return Trouble(judged.at, error.message, error.hint)
        return self._trouble

    def renewed_after(self, moment: float) -> float | None:
        """Return when the copy was first renewed after a moment, both by `time.monotonic`; None where it was not."""
        return next((at for at in self._renewals if at > moment), None)

    def inquiry(self, known_at: datetime | None = None) -> Inquiry:
        """Return a question to the copy as it is now, which stays the same for as long as the question is held.

        Its moment is the beginning of this minute, or when the copy was made. Raises CatalogError where there is none.
        """
        state = self._there()
        asked_at = None if known_at else self._moment(state)
        return Inquiry(self._settings, state.catalog.as_known_at(known_at), asked_at=asked_at)

    def judged(self) -> Judged:
        """Return what everything comes to; where that takes long it may be of a copy before this one.

        Raises LandproofError.
        """
        return self._judged.get(self._there().generation)

    def judged_or_none(self) -> Judged | None:
        """Return the same, but None where it is made for the first time and that takes long. Raises LandproofError."""
        return self._judged.get_within(self._there().generation, _FIRST_SECONDS)

    def facts(self) -> Facts:
        """Return what the metrics of the watch are made of, as `judged` does."""
        return self._facts.get(self._there().generation)

    def recovered(self) -> Recoveries | None:
        """Return how far each dataset can be restored, as last found out; None until it first is."""
        with suppress(LandproofError):  # which the judgement tells
            self._recovered.get_within(self.generation, _FIRST_SECONDS / 4)
        return self._recovered.value

    def renew_now(self) -> None:
        """Renew the copy, so that what this process has recorded is seen by who asks next. Raises CatalogError."""
        try:
            self._renew()
        finally:
            self.recorded_at = time.monotonic()
            self._judged.hurry()
            self._facts.hurry()

    def _there(self) -> _State:
        state = self._state
        if state is None:
            if self._trouble:
                raise CatalogError(self._trouble.message, hint=self._trouble.hint)
            what, hint = _NOT_COPIED if self._catalog.exists else _NOT_THERE
            raise CatalogError(f"catalog {self._catalog.path}: {what}", hint=hint)
        return state

    def _moment(self, state: _State) -> datetime:
        return max(self._clock().replace(second=0, microsecond=0), state.copied_at)

    def _judge(self, _: Hashable) -> Judged:
        state = self._there()
        at = self._moment(state)
        return Judged(judge(Inquiry(self._settings, state.catalog, asked_at=at)), state.generation, at)

    def _watch(self) -> None:
        while True:
            with suppress(CatalogError):  # which is kept as the trouble
                self._look()
            self._tried.set()
            if self._stopping.wait(_TICK_SECONDS):
                return

    def _look(self) -> None:
        """Renew where the catalog is another, and keep what takes long to make at hand."""
        self._tidy()
        # After a trouble the very file of before may be back, as on a disk that was away for a while.
        if time.monotonic() >= self._next_at and (self._trouble or signature_of(self._catalog.file) != self._seen):
            self._renew()
        if self._state:
            self._judged.warm(self._state.generation, _WARM_SECONDS)

    def _tidy(self) -> None:
        if self._turn.acquire(blocking=False):
            try:
                if self._copies and self._state:
                    with suppress(CatalogError):  # then the next copy takes longer, or tells
                        self._copies.prepare()
            finally:
                self._turn.release()

    def _renew(self) -> None:
        with self._turn:
            began, signature = time.thread_time(), signature_of(self._catalog.file)
            if signature[0] is None and self._state is None:
                self._seen = signature  # there is no catalog yet
                return
            try:
                with self._told():
                    copy = self._folder().make()
            except CatalogError:
                self._next_at = time.monotonic() + _PAUSE_SECONDS
                raise
            self.copies_made += 1
            self._state = _State(copy, f"{self._name}.{self.copies_made}", self._clock())
            self._seen, self._trouble = signature, None
            ended = time.monotonic()
            self._renewals = (*self._renewals[-_MOST_RENEWALS:], ended)
            self._next_at = ended + max(_FEWEST_SECONDS, _TIMES_LONGER * (time.thread_time() - began))
        if self.copies_held > _MOST_HELD:
            gc.collect()  # what an exception holds in a circle lets go of nothing by itself

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Keep what goes wrong as the trouble, since when it first did."""
        try:
            yield
        except LandproofError as error:
            since = self._trouble.since if self._trouble else self._clock()
            self._trouble = Trouble(since, error.message, error.hint if self._catalog.exists else _GONE_HINT)
            if isinstance(error, CatalogError):
                raise
            raise CatalogError(error.message, hint=error.hint) from error

    def _folder(self) -> Copies:
        """Return the maker of copies, in a folder beside the catalog where that can be: there, a disk may share."""
        if self._copies is None:
            try:
                folder = self._opened.enter_context(scratch_folder(self._catalog.file.parent, 0))
            except (UsageError, OSError):
                folder = self._opened.enter_context(scratch_folder(Path(tempfile.gettempdir()), 0))
            self._copies = Copies(self._catalog, folder)
        return self._copies
