"""Where the segments of a catalog stand, and how to get there; opens nothing."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from catalog.settings import Settings, segments_beside
from catalog.targets import zone_location
from verifier.backends.base import Location
from verifier.backends.urls import parse_location


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
