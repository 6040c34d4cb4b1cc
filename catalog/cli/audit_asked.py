"""What the commands of `audit` are asked about: periods, zones and datasets, from texts to values; gathers nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time

from catalog.cli.session import Session
from catalog.questions.moments import parse_period
from catalog.store.known import known_zones
from catalog.store.ledger import newest_entry_at
from catalog.store.promises import last_schedules
from catalog.store.queries import dataset_names
from catalog.workflow import utc_now
from verifier.errors import CatalogError, UsageError


def asked_period(start: str | None, end: str | None) -> tuple[datetime, datetime]:
    """Read a period that has begun; raises `UsageError` for any other, and where one of its ends is not given."""
    since, until = parse_period(start, end)
    if since is None or until is None:
        raise UsageError("expected both --from and --to")
    if since > utc_now():
        raise UsageError(f"--from {start} is in the future, of which nothing is known")
    return since, until


def judged_at(session: Session, until: datetime | None) -> datetime:
    """Return the moment as of which slots are judged: the end of a period that is over.

    Of any other when anything was last recorded, or the beginning of this day, whichever is later: so the same catalog
    gives the same all day, and a watch that stopped is told all the same.
    """
    now = session.now
    if until is not None and until <= now:
        return until
    newest = newest_entry_at(session.catalog) or now
    return max(min(newest, now), datetime.combine(now.date(), time.min, UTC))


def refuse_no_catalog(session: Session) -> None:
    """Raise `CatalogError` where there is no catalog to tell of."""
    if not session.catalog.exists:
        hint = "run a scan first, or name another file with --catalog"
        raise CatalogError(f"catalog {session.catalog.path}: does not exist", hint=hint)


def asked_zone(session: Session, zone: str | None) -> str | None:
    """Return the name of a zone that settings or catalog know, None for all; raises `UsageError` for any other."""
    if zone is None or zone in session.settings.zones or zone in known_zones(session.catalog):
        return zone
    raise UsageError(f"no zone named {zone} in the settings or the catalog")


def asked_datasets(session: Session, names: Sequence[str], zone: str | None) -> tuple[tuple[str, str], ...] | None:
    """Return zone and id of each dataset, None for all; raises `UsageError` for one that nobody knows."""
    known = {(d.zone, d.id) for d in session.settings.datasets} | last_schedules(session.catalog).keys()
    known |= {(place, dataset_id) for place, dataset_id, _ in dataset_names(session.catalog)}
    found = []
    for name in names:
        place, dataset_id = session.find_dataset(name, (zone,) if zone else ())
        if place is None or (place, dataset_id) not in known:
            hint = "list what is known with: landproof datasets"
            raise UsageError(f"no dataset {name} in catalog {session.catalog.path}", hint=hint)
        found.append((place, dataset_id))
    return tuple(dict.fromkeys(found)) if found else None
