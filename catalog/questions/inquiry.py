"""What every question starts with: settings, a catalog, and as of when; not how it is asked or answered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from catalog.answers import Document, moment
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from catalog.store.queries import dataset_names
from verifier.errors import UnknownError, UsageError


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Settings and catalog of one question; `asked_at` is the moment that counts as now, None for the clock's."""

    settings: Settings
    catalog: Catalog
    asked_at: datetime | None = field(default=None, kw_only=True)

    @property
    def now(self) -> datetime:
        """The moment as of which it is answered: that as known at which it is, or else now."""
        if self.catalog.known_at is not None:
            return self.catalog.known_at
        if self.asked_at is not None:
            return self.asked_at
        from catalog.workflow import utc_now  # loaded here: most look-ups do without it

        return utc_now()

    @property
    def names(self) -> dict[tuple[str, str], str | None]:
        """The configured names of datasets, by zone and id."""
        return {(d.zone, d.id): d.name for d in self.settings.datasets}

    def dated(self, document: Document) -> Document:
        """Return the document of a look-up with the moment as known at which it answers; null for now."""
        return {"schema": document["schema"], "as_known_at": moment(self.catalog.known_at)} | document

    def say(self, text: str) -> None:
        """Tell whoever asks what is doubtful about the answer; here nobody listens."""

    def spell(self, name: str) -> str:
        """Return how whoever asks spells a part of the question, for messages: `as_of` as it is, or as an option."""
        return name

    def find_dataset(self, text: str, zones: Collection[str] = ()) -> tuple[str | None, str]:
        """Resolve an id, `ZONE/ID` or a unique name to (zone or None where no zone is known, id).

        Looked for in all zones, or in `zones` only. Raises `UsageError` where several datasets go by that id or name.
        """
        configured = [(d.zone, d.id, d.name) for d in self.settings.datasets]
        recorded = dataset_names(self.catalog) if self.catalog.exists else []
        every = [one for one in (*configured, *recorded) if not zones or one[0] in zones]
        named = {(z, i) for z, i, name in every if text in (i, name)}
        zone, _, dataset_id = text.rpartition("/")
        if zone and not named:
            return zone, dataset_id
        if len(named) > 1:
            choices = ", ".join(sorted(f"{zone}/{dataset_id}" for zone, dataset_id in named))
            raise UsageError(f"dataset {text!r} is ambiguous", hint=f"say which: {choices}")
        return named.pop() if named else (None, text)

    def known_dataset(self, text: str, zones: Collection[str] = ()) -> tuple[str, str]:
        """Resolve an id, `ZONE/ID` or a unique name to (zone, id). Raises `UnknownError` where no zone is known."""
        zone, dataset_id = self.find_dataset(text, zones)
        if zone is None:
            hint = "list what is known with: landproof datasets"
            raise UnknownError(f"no dataset {text} in {self.catalog}", hint=hint)
        return zone, dataset_id
