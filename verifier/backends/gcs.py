"""Google Cloud Storage as a store: the strict listing and looking up; not the reading of objects.

Options: gcsfs's own (`token`, `project`, `access`, `endpoint_url`, `requester_pays`); or `key` and `secret`, HMAC keys,
which go over Google's S3 interface. Without any, the machine's default credentials are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

import msgspec

from verifier.backends.base import Access, Backend, Capabilities, Contact, Location, Writer
from verifier.backends.gcs_client import Call, Connection
from verifier.backends.gcs_login import account_of
from verifier.backends.gcs_options import GcsOptions, parse_options
from verifier.backends.gcs_pages import FIELDS, BadPageError, Page, parse_page
from verifier.backends.gcs_retention import FIELDS as FIELDS_OF_RULES
from verifier.backends.gcs_retention import rules_of
from verifier.backends.gcs_source import answer_of
from verifier.backends.gcs_writer import GcsWriter
from verifier.backends.object_source import Answer, ObjectSource
from verifier.backends.retention import RetentionRules
from verifier.backends.retry import retried
from verifier.backends.url_rules import host_and_port
from verifier.backends.urls import shown
from verifier.errors import NetworkError, SourceError
from verifier.model import StoredFile

PAGE_OBJECTS = 1000
"""How many objects are asked for in one page, Google's greatest number."""

_EMPTY_PAGES_IN_A_ROW = 100
_BEYOND = {"storage.objects.create": "write", "storage.objects.delete": "delete"}


class _Permissions(msgspec.Struct):
    permissions: list[str] = []


def open_backend(location: Location) -> Backend:
    """Open a bucket, or a prefix in one, as a store; nothing is sent yet. Raises `UsageError` for unusable options."""
    options = parse_options(location.options)
    if options.hmac:
        from verifier.backends.gcs_hmac import HmacBackend  # on use: it takes the S3 client with it

        return HmacBackend(location, options)
    return GcsBackend(location, options)


def open_writer(location: Location) -> Writer:
    """Open a bucket, or a prefix in one, for new objects; nothing is sent yet. Raises `UsageError` as above."""
    options = parse_options(location.options)
    if options.hmac:
        from verifier.backends.gcs_hmac import HmacWriter

        return HmacWriter(location, options)
    return GcsWriter(location, options)


class GcsBackend:
    """A prefix of one bucket, read by the JSON API."""

    capabilities = Capabilities(
        is_local=False, has_times=True, has_etags=True, checksums=("crc32c", "md5"), has_versions=True
    )

    def __init__(self, location: Location, options: GcsOptions) -> None:
        self.location = location
        bucket, _, root = location.url.partition("://")[2].partition("/")
        self._bucket = quote(bucket, safe="")
        self._root = f"{root}/" if root else ""
        self._connection = Connection(options, options.access or "read_only")
        self._options = options

    def list(self, prefix: str = "") -> Iterator[Sequence[StoredFile]]:
        """Yield pages of all objects below a folder in the bucket's order; a prefix without objects has no pages."""
        folder = prefix.rstrip("/")
        below = f"{self._root}{folder}/" if folder else self._root
        token, seen, empty = "", set[str](), 0
        while True:
            page = self._page(below, token, PAGE_OBJECTS)
            if page.files:
                yield page.files
            empty = 0 if page.files else empty + 1
            if page.next_token is None:
                return
            if page.next_token in seen or empty > _EMPTY_PAGES_IN_A_ROW:
                raise NetworkError(f"{self.location.url}: listing: the pages do not come to an end")
            token = page.next_token
            seen.add(token)

    def stat(self, path: str) -> StoredFile | None:
        """Return one object as it is now, by listing it, so that it compares equal to its entry in a listing."""
        page = self._page(f"{self._root}{path}", "", 1)
        return next((file for file in page.files if file.path == path), None)

    def open(self, file: StoredFile) -> ObjectSource:
        """Return a source for a listed object; nothing is sent before it is read."""
        return ObjectSource(self, file, self._reading(file))

    def get(self, file: StoredFile, start: int, end: int, seconds: float) -> Answer:
        """Ask once for a range of an object as it is stored, pinned to its generation."""
        headers = {} if (start, end) == (0, file.size) else {"Range": f"bytes={start}-{end - 1}"}
        call = Call(
            path=f"/download/storage/v1/b/{self._bucket}/o/{quote(f'{self._root}{file.path}', safe='')}",
            query={"alt": "media", **({"ifGenerationMatch": file.etag} if file.etag else {})},
            headers=headers,
            expected=(200, 206),
        )
        where = self._reading(file)
        return answer_of(self._connection.send(call, where, seconds), where)

    def now(self) -> datetime | None:
        """Return the store's clock, asking for it when nothing was asked before."""
        if self._connection.now() is None:
            self._page(self._root, "", 1)
        return self._connection.now()

    def access(self) -> Access:
        """Ask what the credentials allow on the bucket beyond reading; nothing is known where that is not told."""
        call = Call(path=f"/storage/v1/b/{self._bucket}/iam/testPermissions", query={"permissions": [*_BEYOND]})
        where = f"{self.location.url}: asking for permissions"
        try:
            told = retried(lambda seconds: self._connection.text(call, where, seconds))
            held = msgspec.json.decode(told, type=_Permissions).permissions
        except (SourceError, msgspec.DecodeError):
            return Access()
        return Access(beyond_reading=tuple(word for name, word in _BEYOND.items() if name in held))

    def retention(self) -> RetentionRules:
        """Ask for the bucket's lifecycle rules, its retention policy and whether it keeps versions."""
        call = Call(path=f"/storage/v1/b/{self._bucket}", query={"fields": FIELDS_OF_RULES})
        where = f"{self.location.url}: asking for its rules"
        return rules_of(lambda: retried(lambda left: self._connection.text(call, where, left)), self._root, where)

    def contact(self) -> Contact:
        """Return the endpoint and the account, as far as the options or the environment name it."""
        return Contact(endpoint=host_and_port(self._options.endpoint), identity=account_of(self._options.login))

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included, those for access tokens not."""
        return self._connection.requests

    def close(self) -> None:
        """Give back the connections."""
        self._connection.close()

    def _reading(self, file: StoredFile) -> str:
        return f"{self.location.url}: reading {shown(file.path)}"

    def _page(self, prefix: str, token: str, at_most: int) -> Page:
        query = {"prefix": prefix, "maxResults": str(at_most), "fields": FIELDS, "prettyPrint": "false"}
        if token:
            query["pageToken"] = token
        call = Call(path=f"/storage/v1/b/{self._bucket}/o", query=query)
        where = f"{self.location.url}: listing"

        def attempt(seconds: float) -> Page:
            try:
                return parse_page(self._connection.text(call, where, seconds), self._root, prefix)
            except BadPageError as error:
                raise NetworkError(f"{where}: the answer is not a page of a listing: {error}") from error

        return retried(attempt)
