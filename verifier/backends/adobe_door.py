"""The store behind a landing zone, with credentials as given or as fetched from Adobe and renewed; not what is read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, cast

from verifier.backends import adobe_desk
from verifier.backends.adobe_grant import Grant
from verifier.backends.adobe_login import Login
from verifier.backends.base import Backend, Contact, Location
from verifier.backends.object_source import Shelf
from verifier.backends.registry import open_backend
from verifier.backends.url_rules import host_and_port
from verifier.backends.urls import join, relative_to
from verifier.errors import NetworkError, NotFoundError, SourceError, UsageError

FRUITLESS_SECONDS = 300.0
"""For how long nothing is fetched upon a denial after other credentials did not help."""


class ObjectStore(Backend, Shelf, Protocol):
    """A store that answers for ranges of its objects."""


class Door(Protocol):
    """The way to the store. `renews` tells that credentials are fetched, and fetched again before they end."""

    renews: bool

    def store(self) -> ObjectStore:
        """Return the store, with credentials that are good as far as we know. Raises `SourceError`."""

    def renewed(self, denied: ObjectStore) -> ObjectStore | None:
        """Return the store with other credentials than those just denied, None where there are none."""

    def was_fruitless(self) -> None:
        """Take note that other credentials were denied, too."""

    def contact(self) -> Contact:
        """Return whom requests go to and as whom; sends nothing."""

    @property
    def expires_at(self) -> datetime | None:
        """When the fetched credentials end, None where that is not known."""

    @property
    def requests(self) -> int:
        """Requests sent so far."""

    def close(self) -> None:
        """Give back connections."""


class FixedDoor:
    """A store with the credentials in its options, or those of its own chain; it is opened at once, nothing is sent."""

    renews = False
    expires_at = None

    def __init__(self, location: Location) -> None:
        self._store = cast(ObjectStore, open_backend(location))

    def store(self) -> ObjectStore:
        """Return the store."""
        return self._store

    def renewed(self, denied: ObjectStore) -> None:
        """Return nothing: there are no other credentials."""

    def was_fruitless(self) -> None:
        """Do nothing."""

    def contact(self) -> Contact:
        """Return the store's."""
        return self._store.contact()

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._store.requests

    def close(self) -> None:
        """Give back connections."""
        self._store.close()


class FetchedDoor:
    """A store with credentials that Adobe gives for a place; `extra` are options that go to the store as they are."""

    renews = True

    def __init__(self, location: Location, login: Login, extra: Mapping[str, object]) -> None:
        self._location, self._login, self._extra = location, login, extra
        self._desk = adobe_desk.enter(login, location.url)
        self._asked_of_adobe = 0
        self._grant: Grant | None = None
        self._number = 0
        self._is_closed = False
        self._stores: list[ObjectStore] = []  # a body may still be read from one that was replaced
        self._fetch_at = self._quiet_until = 0.0

    @property
    def expires_at(self) -> datetime | None:
        """When the fetched credentials end, None before and where Adobe does not say."""
        return self._grant.expires_at if self._grant else None

    @property
    def requests(self) -> int:
        """Requests sent so far, those to Adobe included."""
        return self._asked_of_adobe + sum(store.requests for store in self._stores)

    def store(self) -> ObjectStore:
        """Return the store, its credentials fetched where there are none or they are about to end."""
        if not self._stores:
            self._fetch()
        elif time.monotonic() >= self._fetch_at:
            try:
                self._fetch()
            except NetworkError:
                if self.expires_at is None or datetime.now(UTC) >= self.expires_at:
                    raise
                self._fetch_at = time.monotonic() + adobe_desk.LEAST_SECONDS  # what we have is good still
        return self._stores[-1]

    def renewed(self, denied: ObjectStore) -> ObjectStore | None:
        """Return the store with other credentials, None where Adobe gives the same ones or was asked just before."""
        if denied is self._stores[-1]:
            if time.monotonic() < self._quiet_until:
                return None
            self._fetch()
        if denied is not self._stores[-1]:
            return self._stores[-1]
        self.was_fruitless()
        return None

    def was_fruitless(self) -> None:
        """Ask no more for a while: not the credentials are what is wrong."""
        self._quiet_until = time.monotonic() + FRUITLESS_SECONDS

    def contact(self) -> Contact:
        """Return the store's server, once it is known, and Adobe's client."""
        endpoint = self._stores[-1].contact().endpoint if self._stores else _server_of(self._location, self._extra)
        return Contact(endpoint=endpoint, identity=self._login.client_id)

    def close(self) -> None:
        """Give back connections."""
        for store in self._stores:
            store.close()
        if not self._is_closed:
            adobe_desk.leave(self._desk)
        self._is_closed = True

    def _fetch(self) -> None:
        number, grant, fetch_at = self._desk.grant(self._number, self._count)
        if self._grant is None or grant.root != self._grant.root:
            self._stores.append(self._opened(grant))
        self._number, self._grant, self._fetch_at = number, grant, fetch_at

    def _count(self, requests: int) -> None:
        self._asked_of_adobe += requests

    def _opened(self, grant: Grant) -> ObjectStore:
        root, options = grant.root, {**grant.root.options, **self._extra}
        if root.kind != "s3":
            options.pop("region", None)
        try:
            return cast(ObjectStore, open_backend(replace(root, url=self._url(root.url), options=options)))
        except UsageError as error:
            raise SourceError(error.message, hint=error.hint) from error

    def _url(self, root: str) -> str:
        """Return the URL of our place below the root of the landing zone."""
        url = self._location.url
        if url.startswith("dlz://"):
            return join(root, url.removeprefix("dlz://").partition("/")[2])
        if relative_to(url, root) is None:
            message = f"{url}: the landing zone of sandbox {self._login.sandbox} is at {root}"
            raise NotFoundError(message, hint="check the URL and the sandbox, or write dlz://sandbox/folder")
        return url


def _server_of(location: Location, options: Mapping[str, object]) -> str | None:
    """Return the server that a place is at before its credentials are known, None where they are to tell."""
    if options.get("endpoint_url"):
        return host_and_port(str(options["endpoint_url"]))
    host = location.url.partition("://")[2].partition("/")[0].partition("@")[2]
    return f"{host}:443" if host else None
