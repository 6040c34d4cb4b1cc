"""What Adobe's refusals come to: its two families of error bodies, and those of its login; never a body itself.

A body may repeat what was sent, a token or a secret among it. So only what has the form of a code, of a title or of a
request's id is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx

from verifier.errors import ChangedError, DeniedError, NetworkError, NotFoundError, SourceError

_CODE = re.compile(r"[0-9]{6}|[A-Z]{2,6}-[0-9]{3,5}-[0-9]{3}|[0-9]{4}-[0-9]{3}")
_TITLE = re.compile(r"[A-Za-z][A-Za-z ',()-]{1,60}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{6,64}")
_OF_GATEWAY = {
    "400003": "a header is missing",
    "401013": "the token is not valid",
    "403000": "the api key is missing",
    "403003": "the api key is not valid",
    "403010": "the token is missing",
    "403025": "the profile is not valid",
    "429050": "too many requests",
}
_LOGIN_CODES = frozenset(
    {
        "access_denied",
        "invalid_client",
        "invalid_client_id",
        "invalid_client_secret",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)
_LOGIN_HINT = "check client_id, client_secret and scopes in [adobe] against the project in Adobe's developer console"


class UnauthorizedError(DeniedError):
    """The token is not taken, so that another may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What to do about a denial, and about what is not there or cannot be."""

    denied: str
    other: str | None


def said_by(answer: httpx.Response) -> Mapping[str, object]:
    """Return the object that an answer holds, an empty one where it holds none."""
    try:
        said = answer.json()
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def is_passing(status: int) -> bool:
    """Tell whether another try may fare better."""
    return status == 429 or status >= 500


def login_refused(answer: httpx.Response, where: str) -> SourceError:
    """Return the error for a login that was not taken."""
    status, code = answer.status_code, said_by(answer).get("error")
    text = f"{where}: status {status}" + (f", {code}" if code in _LOGIN_CODES else "")
    if is_passing(status):
        return NetworkError(text)
    return DeniedError(text, hint=_LOGIN_HINT) if status in (400, 401, 403) else SourceError(text, hint=_LOGIN_HINT)


def refused(answer: httpx.Response, where: str, hints: Hints) -> SourceError:
    """Return the error for an answer that is not what was asked for, told by status, code, title and request id."""
    status = answer.status_code
    text = f"{where}: {', '.join((f'status {status}', *_told(answer)))}"
    if is_passing(status):
        return NetworkError(text)
    if status == 401:
        return UnauthorizedError(text, hint=_LOGIN_HINT)
    if status == 403:
        return DeniedError(text, hint=hints.denied)
    if status == 404:
        return NotFoundError(text, hint=hints.other)
    if status in (409, 412):
        return ChangedError(text, hint="somebody else changed it meanwhile: run it again")
    return SourceError(text, hint=hints.other)


def _told(answer: httpx.Response) -> Iterator[str]:
    said = said_by(answer)
    codes = (said.get("error_code"), said.get("errorCode"), str(said.get("type", "")).rpartition("/")[2])
    code = next((c for c in codes if isinstance(c, str) and _CODE.fullmatch(c)), None)
    if code:
        yield code
    title = _OF_GATEWAY.get(code or "", said.get("title"))
    if isinstance(title, str) and _TITLE.fullmatch(title):
        yield title[0].lower() + title[1:]
    report = said.get("report")
    ids = (report.get("request-id") if isinstance(report, Mapping) else None, answer.headers.get("x-request-id"))
    request_id = next((i for i in ids if isinstance(i, str) and _REQUEST_ID.fullmatch(i)), None)
    if request_id:
        yield f"request-id {request_id}"
