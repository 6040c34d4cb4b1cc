"""Google Cloud Storage by HMAC keys, over its S3 interface, as Adobe's own connection goes; not that interface itself.

Google's ETags there are MD5 sums but of composed objects and those under a customer's keys, whose ETags do not look
like one; what counts is `x-goog-hash`, and the ETag only for a server that does not send it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from verifier.backends.base import Access, Capabilities, Location, Writer
from verifier.backends.gcs_options import GcsOptions
from verifier.backends.gcs_source import refuse_transcoded, stored_checksum
from verifier.backends.object_source import Answer
from verifier.backends.retention import RetentionRules, nothing_told
from verifier.backends.s3 import S3Backend
from verifier.backends.s3 import open_writer as open_s3_writer
from verifier.backends.s3_errors import code_of
from verifier.backends.s3_pages import Page
from verifier.backends.s3_source import answer_of
from verifier.errors import DeniedError, NotFoundError, SourceError
from verifier.model import StoredFile

_KEY_HINT = "check key and secret in the zone's options: an active HMAC key of Cloud Storage"
_HINTS = {
    "InvalidAccessKeyId": _KEY_HINT,
    "InvalidSecurity": _KEY_HINT,
    "NoSuchBucket": "check the bucket's name",
    "RequestTimeTooSkewed": "set this machine's clock",
    "SignatureDoesNotMatch": _KEY_HINT,
    "UserProjectMissing": "HMAC keys cannot name who pays: use token and requester_pays in their place",
}
_READ_HINT = f"{_KEY_HINT}, of an account with the role roles/storage.objectViewer on the bucket"
_WRITE_HINT = f"{_KEY_HINT}, of an account with the role roles/storage.objectUser on the bucket"


class HmacBackend(S3Backend):
    """A prefix of one bucket, read by Google's XML API."""

    def __init__(self, location: Location, options: GcsOptions) -> None:
        super().__init__(_as_s3(location, options))
        self.connection.asks_checksums = False  # Google knows none of S3's
        self.location = location
        self.capabilities = Capabilities(
            is_local=False, has_times=True, has_etags=True, checksums=("crc32c", "md5"), has_versions=True
        )

    def get(self, file: StoredFile, start: int, end: int, seconds: float) -> Answer:
        """Ask once for a range of an object as it is stored, pinned to its ETag."""
        arguments = {"Bucket": self.bucket, "Key": f"{self._root}{file.path}"}
        if (start, end) != (0, file.size):
            arguments["Range"] = f"bytes={start}-{end - 1}"
        if file.etag:
            arguments["IfMatch"] = f'"{file.etag}"'
        where = self._reading(file)
        with _google_hints(_READ_HINT):
            reply = self.connection.call("get_object", where, seconds, **arguments)
        answer = answer_of(reply, where, etag_is_md5=True)
        headers = {name.lower(): value for name, value in reply["ResponseMetadata"]["HTTPHeaders"].items()}
        try:
            refuse_transcoded(headers, where)
        except SourceError:
            answer.body.close()
            raise
        return replace(answer, checksum=stored_checksum(headers)) if "x-goog-hash" in headers else answer

    def access(self) -> Access:
        """Say that what the keys are worth is not known: Google's S3 interface does not tell."""
        return Access()

    def retention(self) -> RetentionRules:
        """Say that the rules are not known: Google's S3 interface does not tell."""
        return nothing_told(self._root, f"{self.location.url}: HMAC keys do not show the bucket's rules")

    def _page(self, prefix: str, token: str, *, at_most: int | None = None) -> Page:
        with _google_hints(_READ_HINT):
            return super()._page(prefix, token, at_most=at_most)


class HmacWriter:
    """A prefix of one bucket that takes new objects by Google's XML API."""

    def __init__(self, location: Location, options: GcsOptions) -> None:
        self._writer: Writer = open_s3_writer(_as_s3(location, options))

    def write(self, path: str, pieces: Iterable[bytes], size: int) -> None:
        """Store a new object of `size` bytes, whole or not at all, as the writer of S3 does."""
        with _google_hints(_WRITE_HINT):
            self._writer.write(path, pieces, size)

    def close(self) -> None:
        """Give back the connections."""
        self._writer.close()


def _as_s3(location: Location, options: GcsOptions) -> Location:
    """Return the same place as S3's backend is to reach it."""
    assert options.hmac is not None
    known: dict[str, object] = {
        "key": options.hmac.key,
        "secret": options.hmac.secret,
        "endpoint_url": options.endpoint,
        "region": "auto",
        "config_kwargs": {"s3": {"addressing_style": "path"}},
    }
    return Location(kind="s3", url=location.url, options=known)


@contextmanager
def _google_hints(denied: str) -> Iterator[None]:
    """Give what S3's interface refuses the hint that helps at Google, in place of Amazon's."""
    try:
        yield
    except (DeniedError, NotFoundError) as error:
        code = code_of(error)
        if not code:  # not an answer of the store's: what the pieces of a write raise passes through as it is
            raise
        hint = _HINTS.get(code) or (denied if isinstance(error, DeniedError) else None)
        raise type(error)(error.message, hint=hint) from error
