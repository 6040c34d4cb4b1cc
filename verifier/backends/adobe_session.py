"""Requests to Adobe as one login sends them, with a token that is fetched and renewed; not what is asked for."""

from __future__ import annotations

import functools
import logging
import re
import ssl
import time

import httpx

from verifier.backends.adobe_login import Login
from verifier.backends.adobe_refusal import login_refused, said_by
from verifier.backends.retry import retried
from verifier.errors import NetworkError

_TOKEN = "/ims/token/v3"
_TOKEN_SECONDS = 20.0
_TOKEN_MARGIN_SECONDS = 600.0
_MOST_SECONDS_OF_A_TOKEN = 1_000_000
"""A lifetime above it is in milliseconds, as older services of Adobe give it."""
_TALKATIVE = ("httpx", "httpcore")
_WORD = re.compile(r"[!-~]+")


@functools.cache
def _trust() -> ssl.SSLContext:
    """Return whom to trust, read once: that takes as long as several requests."""
    return httpx.create_ssl_context()


class AdobeSession:
    """Adobe's two services as one login sees them. `where` names the place in messages."""

    def __init__(self, login: Login, where: str) -> None:
        self.requests = 0
        self.login = login
        self.where = where
        self._token: tuple[str, float] | None = None
        for name in _TALKATIVE:  # at DEBUG they log headers
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.getEffectiveLevel(), logging.WARNING))
        self._http: httpx.Client | None = None

    def headers(self) -> dict[str, str]:
        """Return what every request must carry; a token is fetched where there is none. Raises `SourceError`."""
        return {
            "Authorization": f"Bearer {self._bearer()}",
            "x-api-key": self.login.client_id,
            "x-gw-ims-org-id": self.login.org_id,
            "x-sandbox-name": self.login.sandbox,
            "Accept": "application/json",
        }

    def forget_token(self) -> None:
        """Have another token fetched before the next request: this one may have been withdrawn."""
        self._token = None

    def send(self, request: httpx.Request, seconds: float) -> httpx.Response:
        """Send once; any answer is returned, whatever its status. Raises `NetworkError` where there is none."""
        if self._http is None:
            self._http = httpx.Client(follow_redirects=False, verify=_trust())
        request.extensions["timeout"] = httpx.Timeout(seconds).as_dict()
        self.requests += 1
        try:
            return self._http.send(request)
        except httpx.TimeoutException as error:
            raise NetworkError(f"{self.where}: no answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise NetworkError(f"{self.where}: {type(error).__name__}") from error

    def close(self) -> None:
        """Close the connections."""
        if self._http:
            self._http.close()
            self._http = None

    def _bearer(self) -> str:
        if self._token is None or time.monotonic() >= self._token[1]:
            self._token = retried(self._fresh_token)
        return self._token[0]

    def _fresh_token(self, seconds: float) -> tuple[str, float]:
        """Return a token and until when to use it, by the monotonic clock."""
        login = self.login
        form = {
            "grant_type": "client_credentials",
            "client_id": login.client_id,
            "client_secret": login.client_secret,
            "scope": ",".join(login.scopes),
        }
        request = httpx.Request("POST", f"{login.ims_url}{_TOKEN}", data=form)
        answer = self.send(request, min(seconds, _TOKEN_SECONDS))
        where = f"{self.where}: logging in"
        if answer.status_code != 200:
            raise login_refused(answer, where)
        said = said_by(answer)
        token, lasts = said.get("access_token"), said.get("expires_in")
        if not isinstance(token, str) or not _WORD.fullmatch(token) or not isinstance(lasts, int | float):
            raise NetworkError(f"{where}: the answer is not what Adobe sends")
        lasts_seconds = lasts / 1000 if lasts > _MOST_SECONDS_OF_A_TOKEN else lasts
        return token, time.monotonic() + max(lasts_seconds - _TOKEN_MARGIN_SECONDS, lasts_seconds / 2)
