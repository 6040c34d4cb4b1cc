"""Landing zones on test servers, each a sandbox of one Adobe server that gives the credentials; not the backend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs

from support.adobe_server import CLIENT_SECRET, Adobe, Body, adobe, on_aws, on_azure
from support.azure_store import KINDS, AzureServer, AzureStore
from support.proxy import Request
from support.servers import S3Server
from support.stores import HttpStore, S3Store

from verifier.backends.base import Location
from verifier.backends.urls import parse_location

_FOLDER = "dlz-destination"


@dataclass(frozen=True, slots=True)
class LandingZones:
    """A running Adobe server, and what it gives for which sandbox."""

    server: Adobe
    grants: dict[str, Callable[[], Body]]
    given: list[str]
    """All secrets given so far."""

    def add(self, sandbox: str, grant: Callable[[], Body]) -> None:
        """Let a sandbox have a landing zone."""
        self.grants[sandbox] = grant
        self.server.sandboxes = (*self.server.sandboxes, sandbox)


@contextmanager
def landing_zones() -> Iterator[LandingZones]:
    """Run the Adobe server until the block ends; without landing zones at first."""
    grants: dict[str, Callable[[], Body]] = {}
    given: list[str] = []

    def grant(_: int) -> Body:
        body = grants[server.requests[-1].headers["X-Sandbox-Name"]]()
        credentials = body.get("credentials", {})
        given.extend([*credentials.values(), *parse_qs(body.get("SASToken", "")).get("sig", [])])
        return body

    with adobe(grant) as server:
        yield LandingZones(server, grants, given)


class LandingZoneStore:
    """The landing zone of a sandbox of its own, in a container or bucket that tests fill."""

    def __init__(self, zones: LandingZones, sandbox: str, inner: AzureStore | S3Store) -> None:
        self.name = f"data-landing-zone-{'azure' if isinstance(inner, AzureStore) else 's3'}"
        self.url = inner.url
        self._zones, self._sandbox = zones, sandbox
        self._inner: HttpStore = inner
        self._folder = "" if isinstance(inner, AzureStore) else f"{_FOLDER}/"
        self._account = f"/{inner.server.account}" if isinstance(inner, AzureStore) else ""
        server, place = inner.server, inner.container if isinstance(inner, AzureStore) else inner.bucket
        zones.add(sandbox, lambda: _grant(server, place))
        zones.add(f"{sandbox}-missing", lambda: _grant(server, "no-such-place"))

    @property
    def secrets(self) -> Sequence[str]:
        """What may appear nowhere: Adobe's login and all that it gave."""
        return [*self._inner.secrets, CLIENT_SECRET, *self._zones.server.tokens, *self._zones.given]

    def location(self, path: str = "", **options: object) -> Location:
        """Return the place of a folder in the landing zone."""
        return self._place(self._sandbox, path, **options)

    def put(self, path: str, data: bytes, *, encoding: str = "") -> None:
        """Store one object, where asked for with a Content-Encoding."""
        self._inner.put(f"{self._folder}{path}", data, encoding=encoding)

    def put_many(self, paths: Iterable[str]) -> None:
        """Store many objects of one byte."""
        self._inner.put_many(f"{self._folder}{path}" for path in paths)

    def delete(self, path: str) -> None:
        """Delete one object."""
        self._inner.delete(f"{self._folder}{path}")

    def missing(self) -> Location:
        """Return a landing zone whose container or bucket is gone."""
        return self._place(f"{self._sandbox}-missing", "")

    def denied(self) -> Location:
        """Return the place with a login that Adobe does not take."""
        return self.location(client_secret="an-entirely-wrong-client-secret")

    def through(self, url: str, **options: object) -> Location:
        """Return the place as reached through a proxy; Adobe is asked directly."""
        return self.location(endpoint_url=f"{url}{self._account}", **options)

    def is_listing(self, request: Request) -> bool:
        """Tell whether a request asks for a page of a listing."""
        return self._inner.is_listing(request)

    def is_read(self, request: Request) -> bool:
        """Tell whether a request asks for an object's bytes."""
        return self._inner.is_read(request)

    def _place(self, sandbox: str, path: str, **options: object) -> Location:
        known = {"endpoint_url": f"{self.url}{self._account}"}
        return parse_location(f"dlz://{sandbox}/{path}", self._zones.server.options(**known | options))


def on_s3(zones: LandingZones, server: S3Server, name: str) -> LandingZoneStore:
    """Make a landing zone in a bucket of its own."""
    return LandingZoneStore(zones, name, S3Store(server, name))


def in_azure(zones: LandingZones, server: AzureServer, name: str) -> LandingZoneStore:
    """Make a landing zone in a container of its own."""
    return LandingZoneStore(zones, name, AzureStore(server, name, KINDS[-1]))


def _grant(server: AzureServer | S3Server, place: str) -> Body:
    if isinstance(server, S3Server):
        return on_aws(server, place, folder=_FOLDER)
    return on_azure(server.endpoint, server.container_sas(place), container=place)
