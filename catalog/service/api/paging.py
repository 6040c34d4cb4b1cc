"""Lists a page at a time: where the next one begins, told and read back; what is listed is not its business.

A cursor names the last thing of its page, not a number of things, so that what is recorded in between neither hides nor
repeats any. It belongs to one address with its filters, and is of no use with others.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response

from catalog.answers import Document
from catalog.service.api.parameters import Paged
from catalog.service.responses.answering import answer
from verifier.errors import UsageError

_MARK_BYTES = 6
_NOT_OF_THE_LIST = frozenset({"cursor", "limit", "format"})

Key = Callable[[Any], Sequence[object]]
"""What tells one of a list from all others, in plain values that stay the same."""


def next_cursor(request: Request, key: Sequence[object]) -> str:
    """Return the cursor of what stands behind something, for the list that a request asks for."""
    body = json.dumps(list(key), separators=(",", ":")).encode()
    return urlsafe_b64encode(_mark(request, body) + body).rstrip(b"=").decode()


def read_cursor(request: Request, text: str | None) -> list[Any] | None:
    """Return what a cursor names, None without one. Raises `UsageError` for one that this list never gave."""
    if text is None:
        return None
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        mark, body = data[:_MARK_BYTES], data[_MARK_BYTES:]
        key = json.loads(body)
    except (ValueError, binascii.Error, RecursionError):
        raise _foreign() from None
    if mark != _mark(request, body) or not isinstance(key, list):
        raise _foreign()
    return key


def paged(request: Request, document: Document, field: str, key: Key, asked: Paged) -> Response:
    """Answer with a document of which a list is cut to the page that is asked for."""
    items, begin = document[field], 0
    after = read_cursor(request, asked.cursor)
    if after is not None:
        places = (at for at, item in enumerate(items) if list(key(item)) == after)
        if (place := next(places, None)) is None:
            raise UsageError("cursor: what it stands behind is not there any more", hint="begin again without it")
        begin = place + 1
    page = items[begin:][: asked.limit]
    more = len(items) - begin - len(page)
    cut = document | {field: page, "more": more}
    return with_next(request, cut, key(page[-1]) if page and more else None)


def with_next(request: Request, document: Document, key: Sequence[object] | None) -> Response:
    """Answer with a page and where the next one is, in `next` and as a link; null and no link where there is none."""
    cursor = None if key is None else next_cursor(request, key)
    headers = {}
    if cursor is not None:
        pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        headers["Link"] = f'<{_path(request)}?{urlencode([*pairs, ("cursor", cursor)])}>; rel="next"'
    return answer(request, document | {"next": cursor}, headers)


def _mark(request: Request, body: bytes) -> bytes:
    """Return what tells a cursor of this list from one of another, or from one that was cut."""
    filters = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in _NOT_OF_THE_LIST)
    about = json.dumps([_path(request), filters, body.decode()])
    return sha256(about.encode()).digest()[:_MARK_BYTES]


def _path(request: Request) -> str:
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return raw.partition(b"?")[0].decode("ascii", "replace")


def _foreign() -> UsageError:
    hint = "take it from `next` of a page of the same list, with the same filters; or begin again without it"
    return UsageError("cursor: expected one that this list gave, got another", hint=hint)
