"""Ask Adobe for the credentials of a landing zone, one request at a time, counted; not what they are used for.

Only ever a GET: the call that renews credentials would shut out everybody else who reads with them.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping

import httpx

from verifier.backends.adobe_grant import BadGrantError, Grant, parse_grant
from verifier.backends.adobe_login import Login
from verifier.backends.retry import retried
from verifier.errors import DeniedError, NetworkError, NotFoundError, SourceError

_TOKEN = "/ims/token/v3"
_CREDENTIALS = "/data/foundation/connectors/landingzone/credentials"
_WANTED = {"type": "dlz_destination"}
_ANSWER_SECONDS = 20.0
_TOKEN_MARGIN_SECONDS = 600.0
_MOST_SECONDS_OF_A_TOKEN = 1_000_000
"""A lifetime above it is in milliseconds, as older services of Adobe give it."""
_TALKATIVE = ("httpx", "httpcore")

_WORD = re.compile(r"[!-~]+")
_CODE = re.compile(r"[0-9]{6}|[A-Z]{2,6}-[0-9]{3,5}-[0-9]{3}")
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
_DENIED_HINT = "the project needs the Experience Platform API, and a role that may view destinations in the sandbox"
_SANDBOX_HINT = "check org_id and the sandbox's name, as in dlz://prod/folder"


class UnauthorizedError(DeniedError):
    """The token is not taken, so that another may help."""


class AdobeClient:
    """Adobe's two services as one login sees them. `where` names the place in messages."""

    def __init__(self, login: Login, where: str) -> None:
        self.requests = 0
        self._login = login
        self._where = f"{where}: asking Adobe for credentials"
        self._token: tuple[str, float] | None = None
        for name in _TALKATIVE:  # at DEBUG they log headers
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.getEffectiveLevel(), logging.WARNING))
        self._http: httpx.Client | None = None

    def grant(self) -> Grant:
        """Return the credentials of the sandbox's landing zone as they are now. Raises `SourceError`."""
        try:
            return self._grant()
        except UnauthorizedError:
            self._token = None  # it may have been withdrawn: once more with another
            return self._grant()

    def close(self) -> None:
        """Close the connections."""
        if self._http:
            self._http.close()
            self._http = None

    def _grant(self) -> Grant:
        login = self._login
        headers = {
            "Authorization": f"Bearer {self._bearer()}",
            "x-api-key": login.client_id,
            "x-gw-ims-org-id": login.org_id,
            "x-sandbox-name": login.sandbox,
            "Accept": "application/json",
        }
        request = httpx.Request("GET", f"{login.platform_url}{_CREDENTIALS}", params=_WANTED, headers=headers)

        def attempt(seconds: float) -> Grant:
            answer = self._send(request, seconds)
            if answer.status_code != 200:
                raise _refused(answer, self._where)
            try:
                return parse_grant(_json(answer))
            except BadGrantError as error:
                raise NetworkError(f"{self._where}: the answer is not what Adobe sends: {error}") from None

        return retried(attempt)

    def _bearer(self) -> str:
        if self._token is None or time.monotonic() >= self._token[1]:
            self._token = retried(self._fresh_token)
        return self._token[0]

    def _fresh_token(self, seconds: float) -> tuple[str, float]:
        """Return a token and until when to use it, by the monotonic clock."""
        login = self._login
        form = {
            "grant_type": "client_credentials",
            "client_id": login.client_id,
            "client_secret": login.client_secret,
            "scope": ",".join(login.scopes),
        }
        answer = self._send(httpx.Request("POST", f"{login.ims_url}{_TOKEN}", data=form), seconds)
        said = _json(answer)
        if answer.status_code != 200:
            raise _login_refused(answer.status_code, said, f"{self._where}: logging in")
        token, lasts = said.get("access_token"), said.get("expires_in")
        if not isinstance(token, str) or not _WORD.fullmatch(token) or not isinstance(lasts, int | float):
            raise NetworkError(f"{self._where}: logging in: the answer is not what Adobe sends")
        lasts_seconds = lasts / 1000 if lasts > _MOST_SECONDS_OF_A_TOKEN else lasts
        return token, time.monotonic() + max(lasts_seconds - _TOKEN_MARGIN_SECONDS, lasts_seconds / 2)

    def _send(self, request: httpx.Request, seconds: float) -> httpx.Response:
        if self._http is None:
            self._http = httpx.Client(follow_redirects=False)
        request.extensions["timeout"] = httpx.Timeout(min(seconds, _ANSWER_SECONDS)).as_dict()
        self.requests += 1
        try:
            answer = self._http.send(request)
        except httpx.TimeoutException as error:
            raise NetworkError(f"{self._where}: no answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise NetworkError(f"{self._where}: {type(error).__name__}") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise NetworkError(f"{self._where}: status {answer.status_code}")
        return answer


def _json(answer: httpx.Response) -> Mapping[str, object]:
    """Return the object that an answer holds, an empty one where it holds none."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _login_refused(status: int, said: Mapping[str, object], where: str) -> SourceError:
    code = said.get("error")
    text = f"{where}: status {status}" + (f", {code}" if code in _LOGIN_CODES else "")
    return DeniedError(text, hint=_LOGIN_HINT) if status in (400, 401, 403) else SourceError(text, hint=_LOGIN_HINT)


def _refused(answer: httpx.Response, where: str) -> SourceError:
    said, status = _json(answer), answer.status_code
    codes = (said.get("error_code"), said.get("errorCode"), str(said.get("type", "")).rpartition("/")[2])
    code = next((c for c in codes if isinstance(c, str) and _CODE.fullmatch(c)), None)
    text = f"{where}: status {status}" + (f", {code}" if code else "")
    if status == 401:
        return UnauthorizedError(text, hint=_LOGIN_HINT)
    if status == 403:
        return DeniedError(text, hint=_DENIED_HINT)
    if status == 404:
        return NotFoundError(text, hint=_SANDBOX_HINT)
    return SourceError(text, hint=_SANDBOX_HINT)
