"""Access tokens by every kind of login, fetched on use; not the requests that carry them.

google-auth signs and exchanges; what it sends goes through `_Transport`, which tries once and sorts what fails: how
often we try again is decided in `retry` alone, and a machine that is not Google's is found out within seconds.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import google.auth
import requests
from google.auth import compute_engine
from google.auth.compute_engine import _metadata
from google.auth.credentials import Credentials, with_scopes_if_required
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.auth.transport import Request as Transport
from google.auth.transport import Response as TransportResponse
from google.oauth2.credentials import Credentials as TokenCredentials

from verifier.backends.base import ANONYMOUS
from verifier.backends.gcs_errors import FOREIGN, no_login, of_failure, of_login
from verifier.backends.gcs_options import Login, LoginKind
from verifier.errors import NetworkError, SourceError

PROBE_SECONDS = 2.0
"""How long a Google machine's metadata server may take to show that it is there."""

_SCOPE = "https://www.googleapis.com/auth/devstorage."
_QUIET = {"google": logging.ERROR, "urllib3": logging.INFO, "requests": logging.INFO}
_warnings_are_ours = threading.Lock()  # the filters of warnings are the process's


class Tokens:
    """The access tokens of one login, for one scope."""

    def __init__(self, login: Login, access: str) -> None:
        self._login = login
        self._scope = f"{_SCOPE}{access}"
        self._credentials: Credentials | None = None
        for name, level in _QUIET.items():  # at DEBUG they log answers and URLs
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.getEffectiveLevel(), level))

    @property
    def can_be_renewed(self) -> bool:
        """Tell whether there may be a newer token than the one that was refused."""
        return self._login.kind not in (LoginKind.ANONYMOUS, LoginKind.TOKEN)

    def headers(self, where: str, seconds: float, *, anew: bool = False) -> Mapping[str, str]:
        """Return the headers that log a request in, within `seconds`; `anew` drops the token there is.

        Raises `DeniedError` without usable credentials, `NetworkError` when the token's server does not answer.
        """
        if self._login.kind is LoginKind.ANONYMOUS:
            return {}
        transport = _Transport(where, seconds)
        found: dict[str, str] = {}
        try:
            if self._credentials is None:
                self._credentials = self._load(transport)
            if anew or not self._credentials.valid:
                self._credentials.refresh(transport)
            self._credentials.apply(found)
        except SourceError:
            raise
        except DefaultCredentialsError as error:
            raise (of_login(error, where) if self._login.info else no_login(where)) from error
        except (GoogleAuthError, ValueError, TypeError, KeyError, AttributeError, OSError) as error:
            raise of_login(error, where) from error
        finally:
            transport.close()
        return found

    def _load(self, transport: _Transport) -> Credentials:
        match self._login.kind:
            case LoginKind.TOKEN:
                return TokenCredentials(self._login.access_token)
            case LoginKind.CLOUD:
                if not _metadata.is_on_gce(transport):
                    raise DefaultCredentialsError("not a Google machine")
                return compute_engine.Credentials(scopes=[self._scope])
        with _warnings_are_ours, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of files from strangers, and of gcloud's users' quota
            if self._login.kind is LoginKind.INFO:
                found, _ = google.auth.load_credentials_from_dict(dict(self._login.info), request=transport)
            else:
                found, _ = google.auth.default(request=transport)
        scoped: Credentials = with_scopes_if_required(found, [self._scope])
        return scoped


def account_of(login: Login) -> str | None:
    """Return the e-mail address of the account that one logs in as, where credentials at hand name it."""
    match login.kind:
        case LoginKind.ANONYMOUS:
            return ANONYMOUS
        case LoginKind.INFO:
            return _email(login.info)
        case LoginKind.DEFAULT:
            try:
                said = json.loads(Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]).read_bytes())
            except (KeyError, OSError, ValueError):  # whoever needs it says so
                return None
            return _email(said) if isinstance(said, dict) else None
        case _:
            return None


def _email(said: Mapping[str, object]) -> str | None:
    named = str(said.get("client_email") or "")
    if not named:
        impersonated = str(said.get("service_account_impersonation_url") or "")
        named = impersonated.rpartition("/")[2].partition(":")[0]
    return named if "@" in named else None


class _Transport(Transport):
    """Sends what google-auth asks for, once, without the environment's netrc; raises our own errors past it."""

    def __init__(self, where: str, seconds: float) -> None:
        self._where = f"{where}: logging in"
        self._seconds = seconds
        self._session = requests.Session()
        self._session.auth = _as_it_is

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **more: Any,
    ) -> TransportResponse:
        is_probe = not url.partition("://")[2].partition("/")[2] and "metadata-flavor" in (headers or {})
        limit = min(self._seconds, PROBE_SECONDS if is_probe else timeout or self._seconds)
        try:
            answer = self._session.request(
                method, url, data=body, headers=dict(headers or {}), timeout=limit, allow_redirects=False, **more
            )
        except FOREIGN as error:
            if is_probe:
                return _Answer(0, {}, b"")
            raise of_failure(error, self._where) from error
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            raise NetworkError(f"{self._where}: status {answer.status_code}")
        return _Answer(answer.status_code, answer.headers, answer.content)

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()


class _Answer(TransportResponse):
    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self._status, self._headers, self._data = status, headers, data

    @property
    def status(self) -> int:
        return self._status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    @property
    def data(self) -> bytes:
        return self._data


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
