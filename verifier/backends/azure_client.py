"""A connection to one container over the SDK's pipeline: one request at a time, counted; not what is asked for.

Nothing is retried or redirected here: how often we try again is decided in `retry` alone. The SDK signs; its other
policies, which log, parse and retry, are left out.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any
from urllib.parse import quote, urlencode

import requests
from azure.core.pipeline import Pipeline, PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import HttpRequest, RequestsTransport
from requests.utils import get_environ_proxies

from verifier.backends.azure_access import expiry_of
from verifier.backends.azure_credentials import Credential
from verifier.backends.azure_errors import FOREIGN, NO_PERMISSION, of_exception, of_status
from verifier.backends.azure_pages import http_time
from verifier.backends.azure_source import AzureBody
from verifier.backends.retry import retried
from verifier.errors import SourceError

_VERSION = "2021-12-02"  # of the protocol: the first to mark encoded names is older, emulators and appliances know it
_CONNECT_SECONDS = 5.0
_SKEW = timedelta(minutes=15)  # what Azure takes
_TALKATIVE = {  # at lower levels they say tokens, signed URLs (urllib3 in a warning, too) and long advice
    "azure": logging.INFO,
    "azure.identity": logging.ERROR,
    "msal": logging.INFO,
    "urllib3": logging.ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request: a blob's whole name ("" for the container), query, headers and, for a PUT, the body."""

    method: str = "GET"
    name: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that says yes: its headers, whose names have no case, and its open body."""

    headers: Mapping[str, str]
    body: AzureBody


class Connection:
    """One container and the credential for it; sessions are its own, so that the credentials of two zones never mix."""

    def __init__(self, credential: Credential, container: str) -> None:
        """Make the pipeline; nothing is sent."""
        for name, level in _TALKATIVE.items():
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.getEffectiveLevel(), level))
        self.requests = 0
        self._credential = credential
        self._url = f"{credential.endpoint}/{container}"
        self._server_time: tuple[str, float] | None = None
        policies = [policy for policy in (credential.policy, _Count(self)) if policy]
        self._transport = _transport(credential.endpoint)
        self._pipeline: Pipeline[Any, Any] = Pipeline(self._transport, policies)

    def send(self, ask: Ask, where: str, seconds: float) -> Reply:
        """Send one request, whose answer begins within `seconds`; raises `SourceError` with `where` in it."""
        request = self._request(ask, where)
        limits = {"connection_timeout": min(_CONNECT_SECONDS, seconds), "read_timeout": seconds}
        fault: SourceError
        try:
            response = self._pipeline.run(request, stream=True, **limits).http_response
        except FOREIGN as error:
            fault = of_exception(error, where)
        else:
            headers = response.headers
            self._server_time = (headers.get("Date", ""), time.monotonic())
            body = AzureBody(response.internal_response, where)
            if response.status_code in (200, 201, 202, 206):
                return Reply(headers, body)
            body.close()
            code = headers.get("x-ms-error-code")
            fault = of_status(response.status_code, code, where, self._hint(response.status_code, code, ask))
        raise fault  # out here, so that no cause with a signed URL in its text hangs on it

    def ask(self, ask: Ask, where: str) -> Mapping[str, str]:
        """Send one request until it is answered and return the headers, whose body does not matter."""
        reply = retried(lambda seconds: self.send(ask, where, seconds))
        reply.body.close()
        return reply.headers

    def now(self) -> datetime | None:
        """Return the store's clock, carried on from its last answer; None before one or where it shows none."""
        if self._server_time is None:
            return None
        date, seen = self._server_time
        try:
            return http_time(date) + timedelta(seconds=time.monotonic() - seen)
        except (KeyError, ValueError):
            return None

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _request(self, ask: Ask, where: str) -> HttpRequest:
        if any(part in (".", "..") for part in ask.name.split("/")):
            raise SourceError(f"{where}: a name with a segment . or .. means another one in a URL")
        url = f"{self._url}/{quote(ask.name)}" if ask.name else self._url
        if ask.query:
            url += "?" + urlencode(ask.query, quote_via=quote)
        standing = {
            "x-ms-version": _VERSION,
            "x-ms-date": formatdate(usegmt=True),
            "Accept-Encoding": "identity",
            "User-Agent": "landproof",
        }
        request = HttpRequest(ask.method, url, headers={**standing, **ask.headers})
        if ask.method == "PUT":
            request.set_bytes_body(ask.body or b"")
        return request

    def _hint(self, status: int, code: str | None, ask: Ask) -> str | None:
        """Return what only the request and the clocks tell of a refusal."""
        if status not in (401, 403):
            return None
        if ask.method == "PUT" and code in NO_PERMISSION:
            return "give the identity the role Storage Blob Data Contributor, or the SAS the permissions rlcw"
        theirs, ends = self.now(), expiry_of(self._credential.sas)
        if theirs and ends and ends <= theirs:
            return f"the SAS ended at {ends:%Y-%m-%dT%H:%M:%SZ}: get a new one"
        if theirs and abs(theirs - datetime.now(UTC)) > _SKEW:
            return "set this machine's clock"
        return None


class _Count(SansIOHTTPPolicy[Any, Any]):
    """Counts what goes out, second tries of the SDK's own for a token included."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Count one request."""
        self._connection.requests += 1


def _transport(endpoint: str) -> RequestsTransport:
    session = requests.Session()
    session.trust_env = False  # reads proxies for each request, and passwords from .netrc in place of the zone's
    session.proxies.update(get_environ_proxies(endpoint))
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    return RequestsTransport(session=session, connection_verify=bundle)
