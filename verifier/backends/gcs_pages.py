"""One page of a listing as the JSON API answers it, checked and parsed; not the asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec

from verifier.model import StoredFile

FIELDS = "kind,nextPageToken,prefixes,items(name,size,generation,timeCreated)"
"""What of a page is asked for."""


class BadPageError(ValueError):
    """The answer is not a page whose end can be trusted."""


@dataclass(frozen=True, slots=True)
class Page:
    """The objects of one page below a prefix, and the token of the next page (None on the last)."""

    files: Sequence[StoredFile]
    next_token: str | None


class _Object(msgspec.Struct, rename="camel"):
    name: str
    size: str
    generation: str
    time_created: datetime


class _Body(msgspec.Struct, rename="camel", forbid_unknown_fields=True):  # else a damaged "items" would be none
    kind: Literal["storage#objects"]
    items: list[_Object] = []
    next_page_token: str | None = None
    prefixes: list[str] = []


_DECODER = msgspec.json.Decoder(_Body)


def parse_page(body: bytes, root: str, prefix: str) -> Page:
    """Parse a page into the files whose names begin with `prefix`, their paths relative to `root`.

    `prefix` itself begins with `root`. A file's `etag` is its generation, which another one has as soon as any byte is
    written, and which no change of metadata alters; its time is that of this generation's creation. Raises
    `BadPageError` unless the page is whole.
    """
    try:
        page = _DECODER.decode(body)  # refuses a body that is cut short or goes on
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # not chained: its text may carry names
        raise BadPageError(f"not a whole page of objects: {type(error).__name__}") from None
    if page.prefixes:
        raise BadPageError("folders in a listing without a delimiter")
    if page.next_page_token == "":
        raise BadPageError("a token of a next page that is empty")
    found = ((item.name[len(root) :], item) for item in page.items if item.name.startswith(prefix))
    return Page([_file(path, item) for path, item in found if path], page.next_page_token)


def _file(path: str, item: _Object) -> StoredFile:
    created = item.time_created
    if not (item.size.isascii() and item.size.isdigit() and item.generation.isascii() and item.generation.isdigit()):
        raise BadPageError("an object with an impossible size or generation")
    if created.tzinfo is None:
        raise BadPageError("an object with a time of no zone")
    return StoredFile(path, int(item.size), created.astimezone(UTC), item.generation)
