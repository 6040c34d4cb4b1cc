"""One page of a List Blobs answer, checked and parsed; not the asking.

The SDK's own parser walks a model of the whole service for every value, at many times the cost of this one, and takes a
page that says nothing for the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element, ParseError, fromstring

from verifier.model import StoredFile

IS_FOLDER = "hdi_isfolder"
"""The metadata, "true", of what stands for a folder in an account with a hierarchical namespace."""

_MONTHS = {"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * n : 3 * n + 3]: n + 1 for n in range(12)}


class BadPageError(ValueError):
    """The answer is not a page whose end can be trusted."""


@dataclass(frozen=True, slots=True)
class Page:
    """The blobs of one page and the marker of the next page (None on the last)."""

    files: Sequence[StoredFile]
    next_marker: str | None


def parse_page(body: bytes, root: str, prefix: str) -> Page:
    """Parse the XML of one page into the files whose names begin with `prefix`, their paths relative to `root`.

    `prefix` itself begins with `root`. A folder's placeholder gets a path ending in `/`. Raises `BadPageError` unless
    the page is whole and says what follows.
    """
    if b"<!DOCTYPE" in body:
        raise BadPageError("a document type, which Azure never sends")
    try:
        top = fromstring(body)  # refuses a body that is cut short; without a document type there are no entities
    except (ParseError, ValueError, LookupError) as error:
        raise BadPageError("not whole XML") from error
    if top.tag != "EnumerationResults":
        raise BadPageError("not a listing")
    following, blobs = top.findall("NextMarker"), top.findall("Blobs")
    if len(following) != 1 or len(blobs) != 1:
        raise BadPageError("a page that does not say whether it is the last")
    files = []
    for element in blobs[0]:
        if element.tag != "Blob":
            raise BadPageError("something else than a blob among the blobs")
        name, file = _file(element, len(root))
        if name.startswith(prefix) and file.path:
            files.append(file)
    return Page(files, following[0].text or None)


def http_time(text: str) -> datetime:
    """Parse an RFC 1123 time, as `Sun, 22 Nov 2026 02:32:59 GMT`, several times as fast as the standard library.

    Raises ValueError or KeyError for anything else.
    """
    if len(text) != 29 or not text.endswith(" GMT"):
        raise ValueError("not a time of RFC 1123")
    day, month, year = int(text[5:7]), _MONTHS[text[8:11]], int(text[12:16])
    return datetime(year, month, day, int(text[17:19]), int(text[20:22]), int(text[23:25]), tzinfo=UTC)


def _file(element: Element, root_length: int) -> tuple[str, StoredFile]:
    """Return a blob's whole name and the blob."""
    name, properties = element.find("Name"), element.find("Properties")
    if name is None or properties is None:
        raise BadPageError("a blob without a name or properties")
    fields = {child.tag: child.text or "" for child in properties}
    try:
        size, modified_at = int(fields["Content-Length"]), http_time(fields["Last-Modified"])
    except (KeyError, ValueError) as error:
        raise BadPageError("a blob without a size or time") from error
    text = name.text or ""
    if size < 0 or not text:
        raise BadPageError("a blob with an empty name or an impossible size")
    if name.get("Encoded") == "true":  # where the name holds what XML cannot
        text = unquote_to_bytes(text).decode("utf-8", "backslashreplace")
    path = text[root_length:]
    if path and not path.endswith("/") and _is_folder(element, fields):
        path += "/"
    return text, StoredFile(path, size, modified_at, fields.get("Etag", "").strip('"') or None)


def _is_folder(element: Element, fields: dict[str, str]) -> bool:
    if fields.get("ResourceType") == "directory":
        return True
    metadata = element.find("Metadata")
    return metadata is not None and any(
        child.tag.lower() == IS_FOLDER and (child.text or "").lower() == "true" for child in metadata
    )
