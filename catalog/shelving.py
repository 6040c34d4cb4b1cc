"""Where a catalog, its segments, checkpoints and keys are, and how to get there; opens nothing."""

from __future__ import annotations

import glob
from pathlib import Path
from urllib.parse import urlsplit

from catalog.scratch_folder import PREFIX
from catalog.settings.loading import Settings, keys_beside, segments_beside
from catalog.store.database import Catalog
from catalog.targets import zone_location
from verifier.backends.base import Location
from verifier.backends.urls import parse_location, relative_to


def segments_of(settings: Settings, catalog: Path | None = None) -> Location:
    """Return the place of the segments: as set, else beside the catalog.

    A `catalog` that was named in place of that of the settings is another one, and has its own beside it. A bucket or
    server that a configured zone is on, too, is reached as that is. Raises `UsageError` for what is not a place.
    """
    if catalog is not None and _is_another(settings, catalog):
        return parse_location(str(segments_beside(catalog).absolute()))
    return _reached(settings, settings.segments)


def checkpoints_of(settings: Settings, catalog: Path | None = None) -> Location | None:
    """Return the place where checkpoints also go, None where none is set, or another catalog was named.

    Raises `UsageError` for what is not a place.
    """
    if settings.checkpoints is None or _is_another(settings, catalog):
        return None
    return _reached(settings, settings.checkpoints)


def keys_of(settings: Settings, catalog: Path | None = None) -> Path:
    """Return the folder of the keys: as set, else beside the catalog."""
    return keys_beside(catalog) if catalog is not None and _is_another(settings, catalog) else settings.keys


def _is_another(settings: Settings, catalog: Path | None) -> bool:
    return catalog is not None and catalog.absolute() != settings.catalog_path.absolute()


def _reached(settings: Settings, text: str) -> Location:
    """Return a place; one of a bucket or server that a configured zone is on is reached as that is."""
    place = parse_location(text)
    if place.kind == "local":
        return place
    for zone in settings.zones.values():
        reached = zone_location(zone, settings.adobe)
        if urlsplit(reached.url)[:2] == urlsplit(place.url)[:2]:
            return parse_location(text, reached.options, reached.kind)
    return place


def kept_inside(catalog: Catalog, settings: Settings, zone: Location) -> tuple[str, ...]:
    """Return patterns for what a catalog keeps inside a zone, which is none of its exports.

    That is its file, its segments, what a service over it keeps, and the copies that one answers from.
    """
    patterns = []
    file = relative_to(parse_location(str(catalog.path.absolute())).url, zone.url)
    if file:
        patterns.append(f"{glob.escape(file)}*")  # with its lock, its log and what was set aside
    segments = catalog.segments and relative_to(catalog.segments.url, zone.url)
    if segments:
        patterns.append(f"{glob.escape(segments)}/*")
    folder = relative_to(parse_location(str(catalog.path.absolute().parent)).url, zone.url)
    if folder is not None:
        patterns.append(f"{glob.escape(folder)}/{PREFIX}*/*".removeprefix("/"))
    state = relative_to(parse_location(str(settings.service_state(catalog.path).absolute())).url, zone.url)
    if state:
        patterns.append(f"{glob.escape(state)}/*")
    return tuple(patterns)
