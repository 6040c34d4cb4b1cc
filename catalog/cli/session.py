"""What every command starts with: settings, catalog, and how to answer; one object a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from catalog.answers import Document, moment
from catalog.cli.spool import indented
from catalog.exit_status import ExitStatus
from catalog.settings import Settings, find_settings, load_settings
from catalog.shelving import segments_of
from catalog.store.database import Catalog
from catalog.store.queries import dataset_names
from verifier.errors import UsageError


@dataclass(frozen=True, slots=True)
class Session:
    """Settings and catalog of one run, and whether it answers with documents."""

    settings: Settings
    catalog: Catalog
    wants_json: bool

    @property
    def now(self) -> datetime:
        """The moment as of which it answers: that as known at which it does, or else now."""
        if self.catalog.known_at is not None:
            return self.catalog.known_at
        from catalog.workflow import utc_now  # loaded here: most look-ups do without it

        return utc_now()

    def dated(self, document: Document) -> Document:
        """Return the document of a look-up with the moment as known at which it answers; null for now."""
        return {"schema": document["schema"], "as_known_at": moment(self.catalog.known_at)} | document

    def answer(self, document: Document, text: str) -> None:
        """Print the document, or else the text, on stdout; above the text, as known when, unless that is now."""
        if self.wants_json:
            print_document(document)
        else:
            if self.catalog.known_at is not None:
                sys.stdout.write(f"as known at {moment(self.catalog.known_at)}\n\n")
            sys.stdout.write(text if text.endswith("\n") or not text else f"{text}\n")

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


def open_session(
    config: Path | None, catalog: Path | None, *, wants_json: bool, known_at: datetime | None = None
) -> Session:
    """Load the settings and say on stderr what is doubtful about them; the catalog is opened when it is used.

    With `known_at` it is for reading only, as it was known then.
    """
    path = find_settings(config, os.environ, Path.cwd())
    settings = load_settings(path, os.environ)
    for warning in settings.warnings:
        sys.stderr.write(f"landproof: {warning}\n")
    kept = Catalog(catalog or settings.catalog_path, segments=segments_of(settings, catalog))
    return Session(settings, kept.as_known_at(known_at), wants_json)


def print_document(document: Document) -> None:
    """Print one JSON document, indented, in UTF-8."""
    sys.stdout.writelines(indented(document))
    sys.stdout.write("\n")


def final_status(status: ExitStatus, *, fails_on_warnings: bool) -> int:
    """Return the exit status, with warnings forgiven where that was asked for."""
    return 0 if status is ExitStatus.WARNINGS and not fails_on_warnings else int(status)
