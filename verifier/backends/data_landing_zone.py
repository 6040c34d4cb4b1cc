"""Adobe's Data Landing Zone as a store: an Azure container or a folder in S3 with its credentials; not those stores.

Options: those of the store behind it where they hold its credentials, which are then used as they are. Otherwise the
login for Adobe (`client_id`, `client_secret`, `org_id`, `sandbox`, `scopes`, `ims_url`, `platform_url`, from the
settings' table `adobe` where they are not beside it), `endpoint_url` and `region`. Credentials are fetched when the
first request needs them, again before they end, and again when they are denied; what was denied is then tried once
more. Renewed in the middle of a listing, that begins anew and leaves out what was handed out already.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from verifier.backends.adobe_door import Door, FetchedDoor, FixedDoor, ObjectStore
from verifier.backends.adobe_login import NAMES, TABLE, has_login, parse_login
from verifier.backends.base import Access, Backend, Capabilities, Contact, Expiring, Location, Writer
from verifier.backends.object_source import Answer, ObjectSource
from verifier.backends.registry import lifetime_of
from verifier.backends.urls import shown
from verifier.errors import DeniedError, UsageError
from verifier.model import StoredFile

_CREDENTIALS = ("sas_token", "sas_uri", "connection_string", "account_key", "tenant_id", "anon", "credential")
_CREDENTIALS_OF_S3 = ("key", "secret", "token", "profile", "anon")
_TO_THE_STORE = ("endpoint_url", "region")
_OF_THE_PLACE = ("account_name", "account_host")

Result = TypeVar("Result")


def open_backend(location: Location) -> Backend:
    """Open a landing zone, or a folder in one; nothing is sent yet. Raises `UsageError` for unusable options."""
    return LandingZoneBackend(location, _door(location, os.environ))


def open_writer(location: Location) -> Writer:
    """Refuse: what is copied to a place that deletes by itself is not preserved."""
    message = f"{location.url}: a data landing zone deletes after seven days and takes no copies"
    raise UsageError(message, hint="name another place")


class LandingZoneBackend:
    """A folder in a landing zone. Every request goes through the door, so that credentials are renewed on the way."""

    def __init__(self, location: Location, door: Door) -> None:
        self.location = location
        self._door = door
        self.capabilities = Capabilities(
            is_local=False, has_times=True, has_etags=True, checksums=("md5",), lifetime=lifetime_of(location.kind)
        )
        if not door.renews:
            self._describe(door.store())

    def list(self, prefix: str = "") -> Iterator[Sequence[StoredFile]]:
        """Yield pages of all objects below a folder, each once, whatever becomes of the credentials on the way."""
        given, given_before = set[str](), -1
        store = self._store()
        while True:
            try:
                for page in store.list(prefix):
                    fresh = page if given_before < 0 else [file for file in page if file.path not in given]
                    given.update(file.path for file in fresh)
                    if fresh:
                        yield fresh
            except DeniedError:
                if given_before == len(given):  # renewed, and not one file further
                    self._door.was_fruitless()
                    raise
                renewed = self._door.renewed(store)
                if renewed is None:
                    raise
                store, given_before = renewed, len(given)
            else:
                return

    def stat(self, path: str) -> StoredFile | None:
        """Return one object as it is now."""
        return self._asked(lambda store: store.stat(path))

    def open(self, file: StoredFile) -> ObjectSource:
        """Return a source for a listed object; nothing is sent before it is read."""
        return ObjectSource(self, file, f"{self.location.url}: reading {shown(file.path)}")

    def get(self, file: StoredFile, start: int, end: int, seconds: float) -> Answer:
        """Ask once for a range of an object, pinned to its listed identity."""
        return self._asked(lambda store: store.get(file, start, end, seconds))

    def now(self) -> datetime | None:
        """Return the store's clock."""
        return self._asked(lambda store: store.now())

    def access(self) -> Access:
        """Return what the credentials are worth; those that were fetched are renewed before they end."""
        access = self._asked(lambda store: store.access())
        if not self._door.renews:
            return access
        return replace(access, expires_at=self._door.expires_at or access.expires_at, renews=True)

    def expires_at(self) -> datetime | None:
        """Return when credentials end that were given to us; fetched ones are renewed."""
        store = None if self._door.renews else self._door.store()
        return store.expires_at() if isinstance(store, Expiring) else None

    def contact(self) -> Contact:
        """Return the store's, or Adobe's client where that fetches the credentials."""
        return self._door.contact()

    @property
    def requests(self) -> int:
        """Requests sent so far, those to Adobe included."""
        return self._door.requests

    def close(self) -> None:
        """Give back connections."""
        self._door.close()

    def _store(self) -> ObjectStore:
        store = self._door.store()
        self._describe(store)
        return store

    def _describe(self, store: ObjectStore) -> None:
        self.capabilities = replace(store.capabilities, lifetime=self.capabilities.lifetime)

    def _asked(self, action: Callable[[ObjectStore], Result]) -> Result:
        """Do something with the store; where that is denied, once more with other credentials if there are any."""
        store = self._store()
        try:
            return action(store)
        except DeniedError:
            renewed = self._door.renewed(store)
            if renewed is None:
                raise
        try:
            return action(renewed)
        except DeniedError:
            self._door.was_fruitless()
            raise


def _door(location: Location, environment: Mapping[str, str]) -> Door:
    options, url = location.options, location.url
    of_store = _CREDENTIALS_OF_S3 if url.startswith("s3://") else _CREDENTIALS
    wants_adobe = not any(options.get(name) for name in of_store) and has_login(options, environment)
    if url.startswith("dlz://"):
        sandbox = url.removeprefix("dlz://").partition("/")[0]
    elif wants_adobe:
        sandbox = None
    else:
        kind = "s3" if url.startswith("s3://") else "azure-blob"
        return FixedDoor(replace(location, kind=kind, options={k: v for k, v in options.items() if k != TABLE}))
    _refuse_unknown(options)
    extra = {name: options[name] for name in _TO_THE_STORE if name in options}
    return FetchedDoor(location, parse_login(options, environment, sandbox), extra)


def _refuse_unknown(options: Mapping[str, object]) -> None:
    known = {*NAMES, TABLE, *_TO_THE_STORE, *_OF_THE_PLACE}
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known - {TABLE}, n=1)
            hint = f"did you mean {near[0]}?" if near else None
            raise UsageError(f"unknown option of a data landing zone: {name}", hint=hint)
