"""Amazon S3, and what speaks its protocol, as a store: the strict listing and looking up; not the reading of objects.

Options: s3fs's own (`endpoint_url`, `key`, `secret`, `token`, `anon`, `client_kwargs`, `config_kwargs`, ...), `region`,
`profile`, and `etag_is_md5 = false` for a store whose ETags look like MD5 sums but are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from verifier.backends.base import Access, Backend, Capabilities, Contact, Location, Writer
from verifier.backends.object_source import Answer, ObjectSource
from verifier.backends.retention import RetentionRules
from verifier.backends.retry import retried
from verifier.backends.s3_access import beyond_reading
from verifier.backends.s3_client import Connection
from verifier.backends.s3_errors import code_of
from verifier.backends.s3_pages import BadPageError, Page, parse_page
from verifier.backends.s3_retention import rules_of
from verifier.backends.s3_source import WHOLE_OBJECT, answer_of
from verifier.backends.s3_writer import S3Writer
from verifier.backends.urls import shown
from verifier.errors import NetworkError, SourceError, UsageError
from verifier.model import StoredFile

_EMPTY_PAGES_IN_A_ROW = 100
_DIRECTORY_BUCKET = "--x-s3"  # of S3 Express, whose ETags are never MD5 sums


def open_backend(location: Location) -> Backend:
    """Open a bucket, or a prefix in one, as a store; nothing is sent yet. Raises `UsageError` for unusable options."""
    return S3Backend(location)


def open_writer(location: Location) -> Writer:
    """Open a bucket, or a prefix in one, for new objects; nothing is sent yet. Raises `UsageError` as above."""
    return S3Writer(location.url, S3Backend(location))


class S3Backend:
    """A prefix of one bucket."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self.bucket, _, root = location.url.partition("://")[2].partition("/")
        self._root = f"{root}/" if root else ""
        options: Mapping[str, object] = {**location.options}
        wanted = options.get("etag_is_md5", True)
        if not isinstance(wanted, bool):
            raise UsageError("option etag_is_md5 of an S3 zone: expected true or false")
        is_directory = self.bucket.endswith(_DIRECTORY_BUCKET)
        self.etag_is_md5 = wanted and not is_directory
        self.capabilities = Capabilities(
            is_local=False,
            has_times=True,
            has_etags=True,
            checksums=tuple(WHOLE_OBJECT),
            has_versions=not is_directory,
        )
        self.connection = Connection({name: value for name, value in options.items() if name != "etag_is_md5"})

    def list(self, prefix: str = "") -> Iterator[Sequence[StoredFile]]:
        """Yield pages of all objects below a folder in the bucket's order; a prefix without objects has no pages."""
        folder = prefix.rstrip("/")
        below = f"{self._root}{folder}/" if folder else self._root
        token, seen, empty = "", set[str](), 0
        while True:
            page = self._page(below, token)
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
        page = self._page(f"{self._root}{path}", "", at_most=1)
        return next((file for file in page.files if file.path == path), None)

    def open(self, file: StoredFile) -> ObjectSource:
        """Return a source for a listed object; nothing is sent before it is read."""
        return ObjectSource(self, file, self._reading(file))

    def get(self, file: StoredFile, start: int, end: int, seconds: float) -> Answer:
        """Ask for a range of an object, pinned to its ETag; for the whole, ask for the store's checksum, too."""
        arguments = {"Bucket": self.bucket, "Key": f"{self._root}{file.path}"}
        if (start, end) != (0, file.size):
            arguments["Range"] = f"bytes={start}-{end - 1}"
        if file.etag:
            arguments["IfMatch"] = f'"{file.etag}"'
        where = self._reading(file)
        try:
            reply = self.connection.call("get_object", where, seconds, **arguments)
        except SourceError as error:
            if code_of(error) != "NotImplemented" or not self.connection.asks_checksums:
                raise
            self.connection.asks_checksums = False  # some stores refuse what they do not know instead of ignoring it
            reply = self.connection.call("get_object", where, seconds, **arguments)
        return answer_of(reply, where, etag_is_md5=self.etag_is_md5)

    def now(self) -> datetime | None:
        """Return the store's clock, asking for it when nothing was asked before."""
        if self.connection.now() is None:
            self._page(self._root, "", at_most=1)
        return self.connection.now()

    def access(self) -> Access:
        """Say whether the credentials allow writing and when they end, as far as S3 and botocore tell."""
        return Access(
            beyond_reading=beyond_reading(self.connection, self.bucket, self._root),
            expires_at=self.connection.expires_at(),
        )

    def retention(self) -> RetentionRules:
        """Ask for the bucket's lifecycle rules, its Object Lock and whether it keeps versions."""
        return rules_of(self.connection, self.bucket, self._root)

    def contact(self) -> Contact:
        """Return the endpoint and the id of the access key."""
        return self.connection.contact()

    def expires_at(self) -> datetime | None:
        """Return when the credentials end, as far as botocore tells."""
        return self.connection.expires_at()

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""
        return self.connection.requests

    def close(self) -> None:
        """Give back the connections."""
        self.connection.close()

    def _reading(self, file: StoredFile) -> str:
        return f"{self.location.url}: reading {shown(file.path)}"

    def _page(self, prefix: str, token: str, *, at_most: int | None = None) -> Page:
        arguments: dict[str, object] = {"Bucket": self.bucket, "Prefix": prefix, "EncodingType": "url"}
        if token:
            arguments["ContinuationToken"] = token
        if at_most:
            arguments["MaxKeys"] = at_most
        where = f"{self.location.url}: listing"

        def attempt(seconds: float) -> Page:
            body = self.connection.page(where, seconds, **arguments)
            try:
                return parse_page(body, self._root, prefix)
            except BadPageError as error:
                raise NetworkError(f"{where}: the answer is not a page of a listing: {error}") from error

        return retried(attempt)
