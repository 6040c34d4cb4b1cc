"""Azure Blob and ADLS Gen2, over the blob endpoint that both have, as a store: listing, looking up, reading.

Options: adlfs's own (`connection_string`, `account_key`, `sas_token`, `tenant_id`, `client_id`, `client_secret`,
`anon`, `account_host`, ...), `sas_uri` for a container's whole SAS URI, `endpoint_url` for the blob endpoint of an
emulator or custom domain, `authority` for another cloud's logins, and those of the default Azure credential. What only
tunes adlfs's own reading is taken, too, and means nothing here.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial

from verifier.backends.azure_access import EVERYTHING, beyond_reading_of, expiry_of, tried
from verifier.backends.azure_client import Ask, Connection
from verifier.backends.azure_credentials import choose_credential
from verifier.backends.azure_pages import IS_FOLDER, BadPageError, Page, parse_page
from verifier.backends.azure_retention import rules_of
from verifier.backends.azure_source import answer_of, etag_of, modified_of
from verifier.backends.azure_writer import AzureWriter
from verifier.backends.base import Access, Backend, Capabilities, Contact, Location, Writer
from verifier.backends.object_source import Answer, ObjectSource
from verifier.backends.retention import RetentionRules
from verifier.backends.retry import retried
from verifier.backends.url_rules import host_and_port
from verifier.backends.urls import shown
from verifier.errors import NetworkError, NotFoundError
from verifier.model import StoredFile

PAGE_BLOBS = 5000
"""How many blobs we ask for in a page of a listing; Azure gives no more."""

EMPTY_PAGES_IN_A_ROW = 100  # filters and deleted partitions make some


def open_backend(location: Location) -> Backend:
    """Open a container, or a prefix in one, as a store; nothing is sent yet. Raises `UsageError` for bad options."""
    return AzureBackend(location)


def open_writer(location: Location) -> Writer:
    """Open a container, or a prefix in one, for new blobs; nothing is sent yet. Raises `UsageError` likewise."""
    backend = AzureBackend(location)
    return AzureWriter(location.url, backend.root, backend.connection)


class AzureBackend:
    """A prefix of one container."""

    def __init__(self, location: Location) -> None:
        self.location = location
        authority, _, root = location.url.partition("://")[2].partition("/")
        self.root = f"{root}/" if root else ""
        self.capabilities = Capabilities(
            is_local=False, has_times=True, has_etags=True, checksums=("md5",), has_versions=True
        )
        self._credential = choose_credential(location.url, location.options)
        self.connection = Connection(self._credential, authority.partition("@")[0])

    def list(self, prefix: str = "") -> Iterator[Sequence[StoredFile]]:
        """Yield pages of all blobs below a folder in the container's order; a prefix without blobs has no pages."""
        folder = prefix.rstrip("/")
        below = f"{self.root}{folder}/" if folder else self.root
        marker, seen, empty = "", set[str](), 0
        while True:
            page = self._page(below, marker, PAGE_BLOBS)
            if page.files:
                yield page.files
            empty = 0 if page.files else empty + 1
            if page.next_marker is None:
                return
            if page.next_marker in seen or empty > EMPTY_PAGES_IN_A_ROW:
                raise NetworkError(f"{self.location.url}: listing: the pages do not come to an end")
            marker = page.next_marker
            seen.add(marker)

    def stat(self, path: str) -> StoredFile | None:
        """Return one blob as it is now; it compares equal to its entry in a listing."""
        name = f"{self.root}{path}"
        found = self._look(name) if path else None
        if found is None and path.endswith("/"):  # a folder's placeholder, whose name has no slash
            found = self._look(name.rstrip("/"))
        return found if found is not None and found.path == path else None

    def open(self, file: StoredFile) -> ObjectSource:
        """Return a source for a listed blob; nothing is sent before it is read."""
        return ObjectSource(self, file, self._where("reading", file.path))

    def get(self, file: StoredFile, start: int, end: int, seconds: float) -> Answer:
        """Ask once for a range of a blob, pinned to its ETag."""
        headers = {"If-Match": f'"{file.etag}"'} if file.etag else {}
        if (start, end) != (0, file.size):
            headers["x-ms-range"] = f"bytes={start}-{end - 1}"  # of the two names the one that the SDK signs
        ask = Ask(name=f"{self.root}{file.path}", headers=headers)
        reply = self.connection.send(ask, self._where("reading", file.path), seconds)
        return answer_of(reply.headers, reply.body)

    def now(self) -> datetime | None:
        """Return the store's clock, asking for it when nothing was asked before."""
        if self.connection.now() is None:
            self._page(self.root, "", 1)
        return self.connection.now()

    def access(self) -> Access:
        """Return what a SAS says of itself; where it does not, try what cannot succeed and see why it fails."""
        sas = self._credential.sas
        if self._credential.is_key:
            return Access(beyond_reading=EVERYTHING)
        beyond = beyond_reading_of(sas)
        return Access(beyond_reading=tried(self._attempts()) if beyond is None else beyond, expires_at=expiry_of(sas))

    def expires_at(self) -> datetime | None:
        """Return when the credentials end, as far as a SAS says it."""
        return expiry_of(self._credential.sas)

    def retention(self) -> RetentionRules:
        """Ask for the container's immutability; its other rules are not to be seen from here."""
        where = f"{self.location.url}: asking for its immutability"
        ask = Ask(method="HEAD", query={"restype": "container"})
        return rules_of(lambda: self.connection.ask(ask, where), self.root, self.location.url)

    def contact(self) -> Contact:
        """Return the endpoint and the account or client."""
        return Contact(endpoint=host_and_port(self._credential.endpoint), identity=self._credential.identity)

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included; those for a token are not."""
        return self.connection.requests

    def close(self) -> None:
        """Give back the connections."""
        self.connection.close()

    def _attempts(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """Yield requests that would change a blob that is not there."""
        name, where = f"{self.root}landproof-{uuid.uuid4()}", f"{self.location.url}: looking at permissions"
        asks = (
            ("write", Ask(method="PUT", name=name, query={"comp": "metadata"}, headers={"If-Match": '"0x0"'})),
            ("delete", Ask(method="DELETE", name=name, headers={"If-Match": '"0x0"'})),
        )
        for permission, ask in asks:
            yield permission, partial(self.connection.ask, ask, where)

    def _where(self, doing: str, path: str) -> str:
        return f"{self.location.url}: {doing} {shown(path)}"

    def _look(self, name: str) -> StoredFile | None:
        path = name[len(self.root) :]
        ask, where = Ask(method="HEAD", name=name), self._where("looking up", path)
        try:
            headers = self.connection.ask(ask, where)
        except NotFoundError:
            return None
        length = headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise NetworkError(f"{where}: the answer has no size")
        if headers.get(f"x-ms-meta-{IS_FOLDER}", "").lower() == "true" and not path.endswith("/"):
            path += "/"
        return StoredFile(path, int(length), modified_of(headers), etag_of(headers))

    def _page(self, prefix: str, marker: str, at_most: int) -> Page:
        query = {"restype": "container", "comp": "list", "include": "metadata", "maxresults": str(at_most)}
        query |= {name: value for name, value in (("prefix", prefix), ("marker", marker)) if value}
        where = f"{self.location.url}: listing"

        def attempt(seconds: float) -> Page:
            reply = self.connection.send(Ask(query=query), where, seconds)
            try:
                return parse_page(reply.body.read_all(), self.root, prefix)
            except BadPageError as error:
                raise NetworkError(f"{where}: the answer is not a page of a listing: {error}") from error
            finally:
                reply.body.close()

        return retried(attempt)
