"""Send requests to Flow Service: paced, tried again where that is safe, page after page; not what is asked for.

What only reads is tried again after a passing fault. What creates or changes is sent once: who lost the answer to it
looks at what is there before sending it again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import httpx

from catalog.adobe.model import Page
from catalog.adobe.parse import parse_page
from catalog.adobe.shapes import AnswerError, Shape, shape_of
from verifier.backends.adobe_login import Login
from verifier.backends.adobe_refusal import Hints, refused, said_by
from verifier.backends.adobe_session import AdobeSession
from verifier.errors import NetworkError

BASE = "/data/foundation/flowservice"
LIMIT = 100
"""The most items of a page."""
ANSWER_SECONDS = 60.0
SECONDS_BETWEEN = 0.5
"""No two requests begin closer to each other."""
TRIES = 5
FIRST_WAIT_SECONDS, GREATEST_WAIT_SECONDS = 1.0, 20.0
LONGEST_WAIT_SECONDS = 120.0
"""The most that is waited because Adobe asks for it."""
MOST_PAGES = 10_000

_PASSING = frozenset({429, 500, 502, 503, 504})
_HINTS = Hints(
    denied="the project needs the Experience Platform API, and a role with View Destinations and View Datasets in the"
    " sandbox; to provision, Manage and Activate Dataset Destinations",
    other="check org_id and sandbox in [adobe]; what is labelled or deleted is not found either",
)

Params = Sequence[tuple[str, str]]
Body = Mapping[str, object]


class LostAnswerError(NetworkError):
    """What creates or changes was sent, and whether it was done is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request: its path below Flow Service, its parameters, its body as JSON and the etag it stands on."""

    method: Literal["GET", "POST", "PATCH"] = "GET"
    path: str
    params: Params = ()
    body: Body | Sequence[Body] | None = field(default=None, repr=False)
    etag: str | None = None


class FlowClient:
    """Flow Service as one login sees one sandbox; one request at a time. Everything raises `SourceError`."""

    def __init__(self, login: Login) -> None:
        self._session = AdobeSession(login, f"Adobe's Flow Service, sandbox {login.sandbox}")
        self._next_at = 0.0
        self._known: dict[str, Mapping[str, object]] = {}

    @property
    def requests(self) -> int:
        """Requests sent so far, those for tokens included."""
        return self._session.requests

    def get(self, path: str, params: Params = ()) -> Mapping[str, object]:
        """Return the object that Flow Service answers."""
        return self.ask(Ask(path=path, params=params))

    def one(self, path: str) -> Mapping[str, object]:
        """Return the one object that stands at a path, as it was remembered or as it is.

        Raises `AnswerError` where there are several or none.
        """
        if path in self._known:
            return self._known[path]
        items = parse_page(self.get(path)).items
        if len(items) != 1:
            raise AnswerError(f"{self._where(path)}: expected one item, got {len(items)}")
        return items[0]

    def remember(self, path: str, item: Mapping[str, object]) -> None:
        """Give what was seen in a list when it is asked for by itself: for who reads much and changes nothing."""
        self._known[path] = item

    def pages(self, path: str, params: Params = ()) -> Iterator[Page]:
        """Yield page after page of a list. Raises `AnswerError` where pages would never end."""
        tokens = set[str]()
        more: Params = ()
        for _ in range(MOST_PAGES):
            page = parse_page(self.get(path, (*params, ("limit", str(LIMIT)), *more)))
            yield page
            if page.token is None:
                return
            if page.token in tokens:
                break
            tokens.add(page.token)
            more = (("continuationToken", page.token),)
        raise AnswerError(f"{self._where(path)}: the pages of the list begin anew and do not end")

    def slices(self, path: str, params: Params) -> Iterator[Mapping[str, object]]:
        """Yield the items of a list that is counted from a start, as that of datasets is."""
        start = 0
        known = set[str]()
        for _ in range(MOST_PAGES):
            answer = self.get(path, (*params, ("start", str(start)), ("limit", str(LIMIT))))
            items, info = parse_page(answer).items, Shape(answer, "answer").inner("pageInfo")
            yield from items
            start += len(items)
            has_next, total = info.truth("hasNext"), info.count("total")
            if has_next is False or (
                has_next is None and not items
            ):  # where that is not told, an empty one is the last
                if total is not None and start < total:
                    raise AnswerError(f"{self._where(path)}: the list ends after {start} of {total}")
                return
            fresh = {str(item.get("id")) for item in items} - known
            if not fresh:
                break
            known |= fresh
        raise AnswerError(f"{self._where(path)}: the list does not end")

    def ask(self, ask: Ask) -> Mapping[str, object]:
        """Send a request and return the object that is answered, an empty one where nothing is.

        Raises `LostAnswerError` where something was to be changed and it is not known whether it is.
        """
        is_reading, renewed, waits = ask.method == "GET", False, _Waits()
        while True:
            request = self._request(ask)
            try:
                answer = self._session.send(request, ANSWER_SECONDS)
            except NetworkError as fault:
                if not is_reading:
                    raise LostAnswerError(f"{fault.message} to {ask.method} {ask.path}") from fault
                waits.wait(fault, None)
                continue
            if answer.is_success:
                return self._read(ask, answer)
            fault_told = refused(answer, self._where(ask.path, ask.method), _HINTS)
            if answer.status_code == 401 and not renewed:
                renewed = True
                self._session.forget_token()
            elif answer.status_code == 429 or (is_reading and answer.status_code in _PASSING):
                waits.wait(fault_told, answer.headers.get("Retry-After"))
            elif not is_reading and answer.status_code >= 500:
                raise LostAnswerError(fault_told.message) from None
            else:
                raise fault_told

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _request(self, ask: Ask) -> httpx.Request:
        headers = self._session.headers()
        if ask.etag is not None:
            headers["If-Match"] = ask.etag
        pause = self._next_at - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        self._next_at = time.monotonic() + SECONDS_BETWEEN
        url = f"{self._session.login.platform_url}{BASE}{ask.path}"
        return httpx.Request(ask.method, url, params=list(ask.params), json=ask.body, headers=headers)

    def _read(self, ask: Ask, answer: httpx.Response) -> Mapping[str, object]:
        said = said_by(answer)
        if said or (ask.method == "PATCH" and not answer.content):
            return said
        where = self._where(ask.path, ask.method)
        if ask.method == "GET":
            raise AnswerError(f"{where}: the answer is not what Adobe sends")
        raise LostAnswerError(f"{where}: the answer cannot be read")

    def _where(self, path: str, method: str = "GET") -> str:
        return f"{self._session.where}: {method} {path}"


class _Waits:
    """What is left of the patience for one request."""

    def __init__(self) -> None:
        self._used = 0

    def wait(self, fault: Exception, asked: str | None) -> None:
        """Wait before the next try, as long as Adobe asks for if it does; raise the fault when none is left."""
        self._used += 1
        if self._used >= TRIES:
            raise fault
        own = min(FIRST_WAIT_SECONDS * 2 ** (self._used - 1), GREATEST_WAIT_SECONDS) * random.uniform(0.7, 1.3)
        told = _seconds(asked)
        if told > LONGEST_WAIT_SECONDS:
            raise fault
        time.sleep(max(own, told))


def _seconds(asked: str | None) -> float:
    """Read a Retry-After: seconds, or a moment."""
    if not asked:
        return 0.0
    if asked.strip().isdecimal():
        return float(asked)
    try:
        return max((parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return 0.0


def created_id(answer: Mapping[str, object]) -> str:
    """Return the id of what was created. Raises `AnswerError` where it is not told."""
    return shape_of(answer, "answer").needed("id")
