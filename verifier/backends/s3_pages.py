"""One page of a ListObjectsV2 answer, checked and parsed; not the asking.

botocore's own parser walks a model of the whole service for every value, at hundreds of times the cost of this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element, ParseError, fromstring

from verifier.backends.page_entries import plain_entries
from verifier.model import StoredFile

_FIELDS = ("Key", "LastModified", "ETag", "Size")

Row = Sequence[str | None]


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
    top, rows = _read(body)
    space = _space(top)
    if top.tag != f"{space}ListBucketResult":
        raise BadPageError("not a listing")
    says = {child.tag.removeprefix(space): (child.text or "").strip() for child in top if not len(child)}
    _check_count(says, len(rows) + len(top.findall(f"{space}CommonPrefixes")))
    files = _files(rows, root, prefix, is_encoded=says.get("EncodingType") == "url")
    return Page(files, _next_token(says))


def _read(body: bytes) -> tuple[Element, Sequence[Row]]:
    """Return the page as a tree, and its entries: read at once where they are plain, else from the tree."""
    plain = plain_entries(body, "Contents", _FIELDS)
    if plain:
        top = _tree(plain.frame)
        if len(top.findall(f"{_space(top)}Contents")) == 1:
            return top, plain.rows
    top = _tree(body)
    space = _space(top)
    names = [f"{space}{field}" for field in _FIELDS]
    return top, [tuple(map(entry.findtext, names)) for entry in top.findall(f"{space}Contents")]


def _space(top: Element) -> str:
    return top.tag[: top.tag.rfind("}") + 1]


def _tree(body: bytes) -> Element:
    try:
        return fromstring(body)  # refuses a body that is cut short; without a document type there are no entities
    except (ParseError, ValueError, LookupError) as error:
        raise BadPageError("not whole XML") from error


def _files(rows: Sequence[Row], root: str, prefix: str, *, is_encoded: bool) -> list[StoredFile]:
    files, begin = [], len(root)
    for written, modified, etag, size in rows:
        if written is None or modified is None or size is None:
            raise BadPageError("an object without a key, size or time")
        key = written
        if is_encoded:
            folder, slash, name = written.rpartition("/")
            key = f"{_folder(folder)}{slash}{_decoded(name)}"
        try:
            file = StoredFile(key[begin:], int(size), _moment(modified), (etag or "").strip('"') or None)
        except ValueError as error:
            raise BadPageError("an object with an impossible size or time") from error
        if file.size < 0:
            raise BadPageError("an object with an impossible size or time")
        if file.path and key.startswith(prefix):
            files.append(file)
    return files


def _decoded(key: str) -> str:
    if "%" not in key and "+" not in key:
        return key
    return unquote_to_bytes(key.replace("+", " ")).decode("utf-8", "backslashreplace")


_folder = lru_cache(maxsize=1024)(_decoded)


@lru_cache(maxsize=1024)
def _moment(text: str) -> datetime:
    """Return the UTC moment of an ISO time; cached, since objects that were written together say the same."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC)


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
