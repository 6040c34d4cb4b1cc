"""Examine what a scan depends on, one check after the other; judges no data and records nothing."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice

from catalog.store.database import Catalog
from catalog.store.known import known_zones
from catalog.targets import Target
from catalog.workflow import utc_now
from verifier.backends.base import Backend
from verifier.backends.registry import open_backend
from verifier.errors import CatalogError, LandproofError
from verifier.model import StoredFile

_LIBRARIES = ("pyarrow", "duckdb", "isal", "msgspec", "fsspec", "s3fs")
_SKEW_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Check:
    """What one check saw. `status` is ok, warn, error (of the zone) or catalog (an error of the catalog)."""

    subject: str
    name: str
    status: str
    message: str
    hint: str | None = None


def examine(targets: Sequence[Target], catalog: Catalog) -> list[Check]:
    """Examine program, catalog and zones; a check that fails ends the checks of its zone, since the rest needs it."""
    checks = [_versions(), _catalog(catalog)]
    for target in targets:
        checks += _zone(target)
    return checks


def _versions() -> Check:
    names = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    ours = f"landproof {version('landproof')}, Python {platform.python_version()}"
    return Check("landproof", "versions", "ok", f"{ours}, {names}")


def _catalog(catalog: Catalog) -> Check:
    if not catalog.exists:
        return Check(str(catalog.path), "catalog", "ok", "not there yet; the first scan makes it")
    try:
        zones = known_zones(catalog)
    except CatalogError as error:
        return Check(str(catalog.path), "catalog", "catalog", error.message, error.hint)
    return Check(str(catalog.path), "catalog", "ok", f"opens; zones it knows: {len(zones)}")


def _zone(target: Target) -> Iterable[Check]:
    name = target.zone
    checks: list[Check] = []
    backend: Backend | None = None
    doing = "open"
    try:
        backend = open_backend(target.location)
        doing = "list"
        pages = list(islice(backend.list(target.prefix), 1))
        files = [f for page in pages for f in page if not f.path.endswith("/")]
        checks.append(Check(name, "list", "ok", f"{target.location.url}: the first page has {len(files)} files"))
        doing = "read"
        checks.append(_read(name, backend, files))
        checks.append(_clock(name, backend))
    except LandproofError as error:
        checks.append(Check(name, doing, "error", error.message, error.hint))
    finally:
        if backend:
            backend.close()
    return checks


def _read(name: str, backend: Backend, files: Sequence[StoredFile]) -> Check:
    file = next((f for f in files if f.size), None)
    if file is None:
        return Check(name, "read", "warn", "there is no file to read from", "a zone without files is never good")
    source = backend.open(file)
    try:
        end = min(file.size, 8)
        source.read_range(0, end)
        source.read_range(file.size - end, file.size)
    finally:
        source.close()
    return Check(name, "read", "ok", f"the first and last {end} bytes of {file.path}")


def _clock(name: str, backend: Backend) -> Check:
    theirs, ours = backend.now(), utc_now()
    if theirs is None:
        return Check(name, "clock", "warn", "the store shows no clock", "settling is judged by two listings then")
    skew = abs((theirs - ours).total_seconds())
    if skew > _SKEW_SECONDS:
        hint = "set this machine's clock; lateness is judged by the store's"
        return Check(name, "clock", "warn", f"the store's clock is {skew:.0f} s off ours", hint)
    return Check(name, "clock", "ok", f"within {max(skew, 1):.0f} s of ours")
