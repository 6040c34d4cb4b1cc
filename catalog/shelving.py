"""Where a catalog and its segments stand, and how to get there; opens nothing."""

from __future__ import annotations

import glob
from pathlib import Path
from urllib.parse import urlsplit

from catalog.settings import Settings, segments_beside
from catalog.store.database import Catalog
from catalog.targets import zone_location
from verifier.backends.base import Location
from verifier.backends.urls import parse_location, relative_to


def segments_of(settings: Settings, catalog: Path | None = None) -> Location:
    """Return the place of the segments: as set, else beside the catalog.

    A `catalog` that was named in place of that of the settings is another one, and has its own beside it. A bucket or
    server that a configured zone is on, too, is reached as that is. Raises `UsageError` for what is not a place.
    """
    if catalog is not None and catalog.absolute() != settings.catalog_path.absolute():
        return parse_location(str(segments_beside(catalog).absolute()))
    place = parse_location(settings.segments)
    if place.kind == "local":
        return place
    for zone in settings.zones.values():
        reached = zone_location(zone, settings.adobe)
        if urlsplit(reached.url)[:2] == urlsplit(place.url)[:2]:
            return parse_location(settings.segments, reached.options, reached.kind)
    return place


def kept_inside(catalog: Catalog, zone: Location) -> tuple[str, ...]:
    """Return patterns for what a catalog keeps inside a zone, which is none of its exports: its file, its segments."""
    patterns = []
    file = relative_to(parse_location(str(catalog.path.absolute())).url, zone.url)
    if file:
        patterns.append(f"{glob.escape(file)}*")  # with its lock, its log and what was set aside
    segments = catalog.segments and relative_to(catalog.segments.url, zone.url)
    if segments:
        patterns.append(f"{glob.escape(segments)}/*")
    return tuple(patterns)
