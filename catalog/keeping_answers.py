"""The documents of `catalog ingest`, `rebuild`, `verify`, `backup` and `export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from catalog.answers import Document
from catalog.store.backup import Written
from catalog.store.database import Catalog
from catalog.store.examine import Examination
from catalog.store.ingest import Ingestion
from catalog.store.rebuild import Rebuilt


def ingest_document(catalog: Catalog, done: Ingestion) -> Document:
    """The document of `catalog ingest`: how many segments were taken in, and which were not, with why."""
    return {"schema": "landproof/catalog-ingest/1", **_places(catalog), **_ingestion(done)}


def rebuild_document(catalog: Catalog, rebuilt: Rebuilt) -> Document:
    """The document of `catalog rebuild`: as of `ingest`, and where the catalog that was there before is now."""
    aside = rebuilt.aside and str(rebuilt.aside)
    return {
        "schema": "landproof/catalog-rebuild/1",
        **_places(catalog),
        "moved_aside": aside,
        **_ingestion(rebuilt.ingestion),
    }


def verify_document(catalog: Catalog, seen: Examination) -> Document:
    """The document of `catalog verify`: whether the catalog is the same as its segments, and what is not."""
    return {
        "schema": "landproof/catalog-verify/1",
        **_places(catalog),
        "state": "differs" if seen.mismatches else "same",
        "segments": seen.segments,
        "records": seen.rows,
        "mismatches": [{"kind": m.kind, "subject": m.subject, "message": m.message} for m in seen.mismatches],
    }


def written_document(command: str, folder: Path, written: Sequence[Written]) -> Document:
    """The document of `catalog backup` and `export`: every file with its rows, size and SHA-256."""
    return {
        "schema": f"landproof/catalog-{command}/1",
        "folder": str(folder),
        "files": [{"name": w.name, "rows": w.rows, "size": w.size, "sha256": w.sha256} for w in written],
    }


def _places(catalog: Catalog) -> Document:
    return {"catalog": str(catalog.path), "segments_at": catalog.segments and catalog.segments.url}


def _ingestion(done: Ingestion) -> Document:
    return {
        "taken": done.taken,
        "records": done.rows,
        "already_there": done.already_there,
        "refused": [{"segment": one.path, "is_damaged": one.is_damage, "message": one.message} for one in done.refused],
        "unknown": list(done.unknown),
    }
