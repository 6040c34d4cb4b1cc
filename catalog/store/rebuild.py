"""Make a catalog again from its segments alone, beside the one that is there, and put it in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from catalog.segments.shelf import Shelf
from catalog.store import ledger, lock, migrate, trouble
from catalog.store.backup import load
from catalog.store.compare import WITH_ROWS
from catalog.store.database import OPTIONS, Catalog
from catalog.store.ingest import Ingestion, ingest, recorded_segments
from catalog.store.ledger import Telling
from catalog.store.lock import Patience
from verifier.errors import CatalogError, NotFoundError


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a catalog was made of, and where the one that was there before is now; None where there was none."""

    ingestion: Ingestion
    aside: Path | None


def rebuild(catalog: Catalog, shelf: Shelf, telling: Telling, backup: Path | None = None) -> Rebuilt:
    """Make the catalog again from segments and put it in place of the one that is there, which is moved aside.

    It goes on with the ledger of the newest checkpoint, which then tells what no entry in the segments did.
    With a `backup` it starts from that, and takes in what is newer. Raises CatalogError where there is no segment, and
    where a catalog that can be opened has what no segment brings back: then everything stays as it is.
    """
    path = catalog.file
    with suppress(CatalogError), catalog.read():
        """One that a kill left behind its log, or that is older, is brought up to date."""
    with trouble.translated(path), lock.writing(path, Patience.of(catalog.wait_seconds)), _beside(path) as made:
        if backup:
            load(made.file, backup)
        ingestion = _all_of(made, shelf)
        if not ingestion.taken and not backup:
            raise CatalogError(
                f"catalog {path}: there is no segment to make it from at {shelf.location.url}",
                hint="name the place of its segments in the settings: [catalog] segments",
            )
        _refuse_loss(path, made)
        _go_on(made, telling)
        aside = _set_aside(path)
        made.file.rename(path)
    return Rebuilt(ingestion, aside)


def _go_on(made: Catalog, telling: Telling) -> None:
    with made.write() as connection:
        ledger.adopt(connection, telling.at)
        ledger.append(connection, ledger.untold_moments(connection), telling)


@contextmanager
def rebuilt_in(folder: Path, shelf: Shelf) -> Iterator[tuple[Catalog, Ingestion]]:
    """Make a catalog of segments in a scratch folder, for the time of the body."""
    with _beside(folder / "catalog") as made:
        yield made, _all_of(made, shelf)


def _all_of(made: Catalog, shelf: Shelf) -> Ingestion:
    try:
        return ingest(made, shelf)
    except NotFoundError:
        with made.write():
            """There is no such place yet: of nothing an empty one is made."""
        return Ingestion()


@contextmanager
def _beside(path: Path) -> Iterator[Catalog]:
    """Give a new catalog beside another; what is left of it at the end is removed."""
    made = path.with_name(f"{path.name}.rebuilt")
    left = (made, made.with_name(f"{made.name}.wal"), lock.lock_path(made))
    try:
        for file in left:
            file.unlink(missing_ok=True)
        yield Catalog(made)
    finally:
        for file in left:
            file.unlink(missing_ok=True)


def _refuse_loss(path: Path, made: Catalog) -> None:
    """A catalog that can be opened is only given up for one that knows all that it knows."""
    old = _known(path)
    if old is None:
        return
    new = _known(made.file) or _Known(frozenset(), frozenset())
    scans = (f"scan {scan} of zone {zone}" for scan, zone in sorted(old.scans - new.scans))
    lost = [*sorted(old.segments - new.segments), *scans]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise CatalogError(
            f"catalog {path}: opens, and has what no segment brings back: {lost[0]}{more}",
            hint="see what is missing with: landproof catalog verify; or first move the catalog away by hand",
        )


@dataclass(frozen=True, slots=True)
class _Known:
    segments: frozenset[str]
    scans: frozenset[tuple[str, str]]


def _known(path: Path) -> _Known | None:
    """Return what a catalog knows, None where it is not there or damaged. The lock is held already."""
    if not path.exists():
        return None
    try:
        with closing(duckdb.connect(str(path), read_only=True, config=dict(OPTIONS))) as connection:
            migrate.pending(connection, path)
            return _Known(
                frozenset(recorded_segments(connection)),
                frozenset(connection.execute(f"SELECT scan_id, zone FROM scan {WITH_ROWS}").fetchall()),
            )
    except duckdb.Error as error:
        if trouble.is_busy(error):
            raise
        return None


def _set_aside(path: Path) -> Path | None:
    """Rename a catalog and its log, never delete them; return the new name, None where there was no file."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = path.with_name(f"{path.name}.aside-{stamp}")
    log = path.with_name(f"{path.name}.wal")
    if log.exists():
        log.rename(aside.with_name(f"{aside.name}.wal"))
    return path.rename(aside) if path.exists() else None
