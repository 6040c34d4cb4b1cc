"""Examine what a scan depends on, one check after the other; judges no data and records nothing."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from itertools import islice

from catalog.store.database import Catalog
from catalog.store.known import known_zones
from catalog.targets import Target
from catalog.workflow import utc_now
from verifier.backends.base import Access, Backend
from verifier.backends.registry import open_backend
from verifier.errors import (
    CatalogError,
    DeniedError,
    HostKeyError,
    LandproofError,
    NetworkError,
    NotFoundError,
)
from verifier.findings import REGISTER
from verifier.formats.pgp_keys import PgpKeys
from verifier.formats.pgp_process import KeyState, describe_keys
from verifier.model import StoredFile

_LIBRARIES = (
    "pyarrow",
    "duckdb",
    "isal",
    "msgspec",
    "botocore",
    "adlfs",
    "google-auth",
    "paramiko",
    "fsspec",
    "pysequoia",
)
_SKEW_SECONDS = 300
_SOON = timedelta(days=7)
_ENDING_HINT = REGISTER["zone.credential-expiring"].advice
_LOCKED_HINT = "put its passphrase into pgp.passphrase"
_KEYS_HINT = "export it with: gpg --armor --export-secret-keys; where it has expired, extend it before"
_HINTS: tuple[tuple[type[LandproofError], str], ...] = (
    (NetworkError, "check the address, name resolution, proxies and firewalls"),
    (NotFoundError, "check the bucket, container or folder in the zone's url"),
    (DeniedError, "check the credentials in the zone's options"),
)
_ENOUGH = {
    "s3": "s3:ListBucket and s3:GetObject are",
    "gcs": "roles/storage.objectViewer, or storage.objects.list and storage.objects.get, is",
    "azure-blob": "a SAS to read and list, or the role Storage Blob Data Reader, is",
    "adls-gen2": "a SAS to read and list, or the role Storage Blob Data Reader, is",
    "sftp": "an account that may only read is",
}
"""What suffices, by kind of store; elsewhere it is named in general."""


@dataclass(frozen=True, slots=True)
class Check:
    """What one check saw. `status` is ok, warn, error (of the zone) or catalog (an error of the catalog)."""

    subject: str
    name: str
    status: str
    message: str
    hint: str | None = None


def examine_program(catalog: Catalog) -> list[Check]:
    """Examine what is installed, and the catalog."""
    return [_versions(), _catalog(catalog)]


def examine_keys(keys: PgpKeys) -> list[Check]:
    """Examine the private keys of the settings, each part that is meant for encryption; none where there are none."""
    if not keys:
        return []
    try:
        states = describe_keys(keys)
    except LandproofError as error:
        return [_failed("pgp", "keys", error)]
    return [_key(state) for state in states]


def _key(key: KeyState) -> Check:
    if key.is_usable:
        return Check("pgp", "key", "ok", f"{key.id} can be used to decrypt")
    hint = _LOCKED_HINT if key.state == "locked" else _KEYS_HINT
    return Check("pgp", "key", "error", f"{key.id} cannot be used: {key.state}", hint)


def examine_zone(target: Target) -> list[Check]:
    """Examine one zone; a check that fails ends those that need what it looked for. Takes no longer than retries do."""
    try:
        backend = open_backend(target.location)
    except LandproofError as error:
        return [_failed(target.zone, "open", error)]
    with closing(backend):
        return list(_Examination(target, backend).checks())


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


@dataclass(slots=True)
class _Examination:
    """One zone and what has been seen of it so far."""

    target: Target
    backend: Backend
    _files: Sequence[StoredFile] = field(default=(), init=False)

    def checks(self) -> Iterator[Check]:
        """Yield every check in order. Nothing can be told of a store that does not answer."""
        is_local, url = self.backend.capabilities.is_local, self.target.location.url
        try:
            listed = self._list()
        except (NetworkError, HostKeyError) as error:
            yield _failed(self.target.zone, "host key" if isinstance(error, HostKeyError) else "reach", error)
            return
        except LandproofError as error:
            if not is_local:
                yield self._ok("reach", f"{url}: it answers")
            yield _failed(self.target.zone, "list", error)
            clock = self._tried("clock", self._clock)  # a clock that is off may be why
            yield from [clock] if clock.status != "error" else []
            return
        if not is_local:
            yield self._ok("reach", f"{url}: it answers")
        yield listed
        yield self._tried("read", self._read)
        yield self._tried("clock", self._clock)
        if not is_local:
            yield from self._of_credentials()

    def _tried(self, name: str, look: Callable[[], Check]) -> Check:
        try:
            return look()
        except LandproofError as error:
            return _failed(self.target.zone, name, error)

    def _ok(self, name: str, message: str, hint: str | None = None) -> Check:
        return Check(self.target.zone, name, "ok", message, hint)

    def _warn(self, name: str, message: str, hint: str) -> Check:
        return Check(self.target.zone, name, "warn", message, hint)

    def _list(self) -> Check:
        pages = islice(self.backend.list(self.target.prefix), 1)
        self._files = [f for page in pages for f in page if not f.path.endswith("/")]
        return self._ok("list", f"{self.target.location.url}: the first page has {len(self._files)} files")

    def _read(self) -> Check:
        file = next((f for f in self._files if f.size), None)
        if file is None:
            return self._warn("read", "there is no file to read from", "a zone without files is never good")
        end = min(file.size, 8)
        with closing(self.backend.open(file)) as source:
            source.read_range(0, end)
            source.read_range(file.size - end, file.size)
        return self._ok("read", f"the first and last {end} bytes of {file.path}")

    def _clock(self) -> Check:
        theirs, ours = self.backend.now(), utc_now()
        if theirs is None:
            return self._ok("clock", "the store shows none: settling is judged by two listings")
        skew = abs((theirs - ours).total_seconds())
        if skew > _SKEW_SECONDS:
            hint = "set this machine's clock; lateness is judged by the store's"
            return self._warn("clock", f"the store's clock is {skew:.0f} s off ours", hint)
        return self._ok("clock", f"within {max(skew, 1):.0f} s of ours")

    def _of_credentials(self) -> Iterator[Check]:
        """Yield what the credentials are worth, all of which is one question to the store."""
        try:
            access = self.backend.access()
        except LandproofError as error:
            yield _failed(self.target.zone, "access", error)
            return
        if access.host_key:
            yield self._ok("host key", f"trusted: {access.host_key}")
        yield self._ending(access)
        yield self._beyond_reading(access)

    def _ending(self, access: Access) -> Check:
        if access.expires_at is None:
            return self._ok("credentials", "they are renewed" if access.renews else "no end of them is known")
        left = access.expires_at - utc_now()
        message = f"they end on {access.expires_at:%Y-%m-%d at %H:%M} UTC"
        if access.renews:
            return self._ok("credentials", f"{message}, and are renewed before")
        if left > _SOON:
            return self._ok("credentials", f"{message}, in {left.days} days")
        return self._warn("credentials", message, _ENDING_HINT)

    def _beyond_reading(self, access: Access) -> Check:
        if access.beyond_reading is None:
            return self._ok("access", "whether the credentials allow more than reading cannot be told")
        if not access.beyond_reading:
            return self._ok("access", "nothing beyond reading and listing is seen to be allowed")
        enough = _ENOUGH.get(self.target.location.kind, "reading and listing are")
        hint = f"{enough} enough for everything but copy and restore run"
        return self._ok("access", f"beyond reading, the credentials allow: {', '.join(access.beyond_reading)}", hint)


def _failed(zone: str, name: str, error: LandproofError) -> Check:
    hint = error.hint or next((hint for kind, hint in _HINTS if isinstance(error, kind)), None)
    return Check(zone, name, "error", error.message, hint)
