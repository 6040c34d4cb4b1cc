"""What every command starts with: settings, catalog, and how to answer; one object a run."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from catalog.answers import Document, moment
from catalog.cli.spool import indented
from catalog.exit_status import ExitStatus
from catalog.questions.inquiry import Inquiry
from catalog.settings.loading import find_settings, load_settings
from catalog.shelving import segments_of
from catalog.store.database import Catalog


@dataclass(frozen=True, slots=True)
class Session(Inquiry):
    """Settings and catalog of one run, and whether it answers with documents."""

    wants_json: bool

    def say(self, text: str) -> None:
        """Say on stderr what is doubtful about the answer."""
        sys.stderr.write(f"landproof: {text}\n")

    def spell(self, name: str) -> str:
        """Return the option of that name."""
        return f"--{name.replace('_', '-')}"

    def answer(self, document: Document, text: str) -> None:
        """Print the document, or else the text, on stdout; above the text, as known when, unless that is now."""
        if self.wants_json:
            print_document(document)
        else:
            if self.catalog.known_at is not None:
                sys.stdout.write(f"as known at {moment(self.catalog.known_at)}\n\n")
            sys.stdout.write(text if text.endswith("\n") or not text else f"{text}\n")


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
